/* gcc 12 passes the stride of AMX tiles as a long, which is half a register on Windows, so that its assembler refuses it. These
 * stand in for the three macros that take one. <immintrin.h> finds this file first: packaging/windows/toolchain.cmake. */
#include_next <amxtileintrin.h>

#ifndef LOAM_AMX_STRIDE
#define LOAM_AMX_STRIDE
#undef _tile_loadd
#undef _tile_stream_loadd
#undef _tile_stored
#define LOAM_TILE_LOAD(op, tile, base, stride) \
  __asm__ volatile(op "\t(%0,%1,1), %%tmm" #tile : : "r"((const void *) (base)), "r"((long long) (stride)))
#define LOAM_TILE_STORE(tile, base, stride) \
  __asm__ volatile("tilestored\t%%tmm" #tile ", (%0,%1,1)" : : "r"((void *) (base)), "r"((long long) (stride)) : "memory")
#define _tile_loadd(tile, base, stride) LOAM_TILE_LOAD("tileloadd", tile, base, stride)
#define _tile_stream_loadd(tile, base, stride) LOAM_TILE_LOAD("tileloaddt1", tile, base, stride)
#define _tile_stored(tile, base, stride) LOAM_TILE_STORE(tile, base, stride)
#endif
