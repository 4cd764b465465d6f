#pragma once
int  probe_dlopen(const char * path, char * err, int n); // what answer() of the library says, or -1 with err set
int  probe_udp(void);                                    // 0 or errno
int  probe_tcp(int port);                                // 0 or errno
int  probe_int80_socket(void);                           // a 32-bit call from 64-bit code (amd64)
int  probe_threads(int n);                               // how many of n native threads ran
void probe_abort(void);
void probe_segv(void);
void probe_on_thread(int what);                          // on a native thread: 0 abort, 1 bad pointer
