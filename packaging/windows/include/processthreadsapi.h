/* mingw-w64 knows how a thread says that it may not be slowed down from version 11 on; the engines say it. The layout and the numbers are
 * those of Microsoft's documentation of SetThreadInformation. <windows.h> finds this file first: packaging/windows/toolchain.cmake. */
#include_next <processthreadsapi.h>

#ifndef THREAD_POWER_THROTTLING_CURRENT_VERSION
#define THREAD_POWER_THROTTLING_CURRENT_VERSION 1
#define THREAD_POWER_THROTTLING_EXECUTION_SPEED 1
#define THREAD_POWER_THROTTLING_VALID_FLAGS 1
typedef struct {
  ULONG Version, ControlMask, StateMask;
} THREAD_POWER_THROTTLING_STATE;
#endif
