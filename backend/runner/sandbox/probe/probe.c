//go:build linux

#include "probe.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int probe_dlopen(const char * path, char * err, int n) {
    void * h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    int (*f)(void) = h ? (int (*)(void)) dlsym(h, "answer") : NULL;
    if (!f) {
        snprintf(err, n, "%s", dlerror());
        return -1;
    }
    return f();
}

static int inet(int type, int port) {
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int s = socket(AF_INET, type, 0);
    int e = s < 0 || connect(s, (struct sockaddr *) &a, sizeof a) < 0 || (type == SOCK_DGRAM && send(s, "x", 1, 0) < 0) ? errno : 0;
    if (s >= 0) {
        close(s);
    }
    return e;
}

int probe_udp(void) { return inet(SOCK_DGRAM, 9); }
int probe_tcp(int port) { return inet(SOCK_STREAM, port); }

int probe_int80_socket(void) {
#ifdef __x86_64__
    long r = 359; // socket of the 32-bit table
    __asm__ volatile("int $0x80" : "+a"(r) : "b"(2L), "c"(2L), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
    return (int) r;
#else
    return -ENOSYS;
#endif
}

void probe_abort(void) {
    fprintf(stderr, "ggml.c:123: GGML_ASSERT(x) failed\n");
    abort();
}

void probe_segv(void) { *(volatile int *) 8 = 1; }

static void * thread_abort(void * p) { probe_abort(); return p; }
static void * thread_segv(void * p) { probe_segv(); return p; }
static void * thread_count(void * p) { __atomic_add_fetch((int *) p, 1, __ATOMIC_SEQ_CST); return NULL; }

void probe_on_thread(int what) {
    pthread_t t;
    if (pthread_create(&t, NULL, what ? thread_segv : thread_abort, NULL) == 0) {
        pthread_join(t, NULL);
    }
}

int probe_threads(int n) {
    int ran = 0;
    for (int i = 0; i < n; i++) {
        pthread_t t;
        if (pthread_create(&t, NULL, thread_count, &ran) == 0) {
            pthread_join(t, NULL);
        }
    }
    return ran;
}
