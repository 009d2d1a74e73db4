// What every kernel file includes: the kernels of each level as plain functions, from the one list. A level defines only
// those that the list gives it. Nothing here is inline or a template: an object built with ISA flags must not emit a
// function that the linker could pick for baseline code.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simd/kernel_list.h"

#define GLISSADE_DECLARE(name, result, parameters, levels) result name parameters noexcept;

namespace glissade::simd::scalar {

GLISSADE_SIMD_KERNELS(GLISSADE_DECLARE)

// Helpers that the faster levels share; built once, for the baseline.

/// Offers (i, v) to the `size` best so far, a heap in `index` and `value` with the worst on top; returns the new size,
/// at most k. `v` must not be NaN.
std::size_t topk_offer(std::uint32_t* index, float* value, std::size_t size, std::size_t k, std::uint32_t i, float v) noexcept;

/// Turns that heap into the answer: largest first, ties to the lower index.
void topk_finish(std::uint32_t* index, float* value, std::size_t size) noexcept;

/// Whether so many of so few numbers are found sooner by sorting them than by a heap that most of them sift through.
bool topk_sorts(std::size_t n, std::size_t k) noexcept;

/// topk_f32 where topk_sorts(): by keys in an array on the stack.
std::size_t topk_sorted(const float* z, std::size_t n, std::size_t k, std::uint32_t* index, float* value) noexcept;

/// The 64-bit key of narrow_stochastic (SplitMix64's finaliser), so that seeds 1, 2, 3, ... give unrelated streams.
std::uint64_t stochastic_key(std::uint64_t seed) noexcept;

}  // namespace glissade::simd::scalar

namespace glissade::simd::avx2 {
GLISSADE_SIMD_KERNELS(GLISSADE_DECLARE)
}

namespace glissade::simd::avx512 {
GLISSADE_SIMD_KERNELS(GLISSADE_DECLARE)
}

namespace glissade::simd::avx512bf16 {
GLISSADE_SIMD_KERNELS(GLISSADE_DECLARE)
}

namespace glissade::simd::avx512fp16 {
GLISSADE_SIMD_KERNELS(GLISSADE_DECLARE)
}

namespace glissade::simd::amx {
GLISSADE_SIMD_KERNELS(GLISSADE_DECLARE)
}

#undef GLISSADE_DECLARE
