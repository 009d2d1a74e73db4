// The tile intrinsics of AMX in plain C++. Included before simd/amx/block.cpp by the build (-include), so that its logic runs on
// machines without AMX: what each does follows Intel's Software Developer's Manual, and what a CPU would refuse is recorded.
#pragma once

#include <immintrin.h>

#include <cstddef>

namespace glissade::simd::emulated {

void load_config(const void* config) noexcept;
void release() noexcept;
void zero(int tile) noexcept;
void load(int tile, const void* base, std::size_t stride) noexcept;
void store(int tile, void* base, std::size_t stride) noexcept;
/// C += A * B, of bf16 pairs.
void multiply_bf16(int c, int a, int b) noexcept;

/// The first thing since the last call that a CPU would have raised #GP or #UD for; null: nothing.
const char* take_fault() noexcept;
/// Whether tiles are configured: a function that leaves them so makes every later context switch dearer.
bool is_configured() noexcept;

}  // namespace glissade::simd::emulated

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig ::glissade::simd::emulated::load_config
#define _tile_release ::glissade::simd::emulated::release
#define _tile_zero ::glissade::simd::emulated::zero
#define _tile_loadd ::glissade::simd::emulated::load
#define _tile_stored ::glissade::simd::emulated::store
#define _tile_dpbf16ps ::glissade::simd::emulated::multiply_bf16
