#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512bf16 {
namespace {

// As in avx512/dots.cpp, with the instruction that multiplies pairs of bf16. It treats subnormal inputs and results as 0.
constexpr std::size_t kGroup = 4;
constexpr std::size_t kAhead = 8;
constexpr std::size_t kLine = 64 / sizeof(std::uint16_t);

/// Four rows to sum now, and where to ask for lines of the four to come.
struct Group {
  const std::uint16_t* row[kGroup];
  const std::uint16_t* next[kGroup];
  std::size_t step;  ///< of the lines to ask for, as d grows by one
};

inline void prefetch(const Group& group, std::size_t d) {
  for (std::size_t r = 0; r < kGroup; ++r)
    _mm_prefetch(reinterpret_cast<const char*>(group.next[r] + d * group.step), _MM_HINT_T0);
}

inline __m512bh load(const std::uint16_t* p) { return (__m512bh)_mm512_loadu_si512(p); }
inline __m512bh load(const std::uint16_t* p, __mmask32 lanes) { return (__m512bh)_mm512_maskz_loadu_epi16(lanes, p); }

// The sums of the 16 lanes of a, b, c and d.
inline __m128 four_sums(__m512 a, __m512 b, __m512 c, __m512 d) {
  const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  const __m512 abcd = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
  return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

inline __m128 four_dots(const std::uint16_t* x, const Group& group, std::size_t width) {
  __m512 first[kGroup], second[kGroup];
  for (std::size_t r = 0; r < kGroup; ++r) first[r] = second[r] = _mm512_setzero_ps();
  std::size_t d = 0;
  for (; d + 64 <= width; d += 64) {
    const __m512bh x0 = load(x + d), x1 = load(x + d + 32);
    prefetch(group, d);
    prefetch(group, d + kLine);
    for (std::size_t r = 0; r < kGroup; ++r) {
      first[r] = _mm512_dpbf16_ps(first[r], x0, load(group.row[r] + d));
      second[r] = _mm512_dpbf16_ps(second[r], x1, load(group.row[r] + d + 32));
    }
  }
  for (; d < width; d += 32) {
    const __mmask32 lanes = _bzhi_u32(~0u, static_cast<unsigned>(width - d < 32 ? width - d : 32));
    const __m512bh x0 = load(x + d, lanes);
    prefetch(group, d);
    for (std::size_t r = 0; r < kGroup; ++r) first[r] = _mm512_dpbf16_ps(first[r], x0, load(group.row[r] + d, lanes));
  }
  for (std::size_t r = 0; r < kGroup; ++r) first[r] = _mm512_add_ps(first[r], second[r]);
  return four_sums(first[0], first[1], first[2], first[3]);
}

}  // namespace

void dots_bf16(const std::uint16_t* x, const std::uint16_t* rows, std::size_t stride, const std::uint32_t* ids, std::size_t count,
               std::size_t width, float* out) noexcept {
  const auto row_at = [=](std::size_t i) { return rows + ids[i < count ? i : count - 1] * stride; };
  Group group;
  for (std::size_t i = 0; i < kAhead && i < count; i += kGroup) {
    for (std::size_t r = 0; r < kGroup; ++r) group.next[r] = row_at(i + r);
    group.step = 1;
    for (std::size_t d = 0; d < width; d += kLine) prefetch(group, d);
  }
  for (std::size_t i = 0; i < count; i += kGroup) {
    // The last group may be short: it repeats its last row and stores less.
    for (std::size_t r = 0; r < kGroup; ++r) {
      group.row[r] = row_at(i + r);
      group.next[r] = row_at(i + r + kAhead);
    }
    const auto follows = [&](std::size_t r) { return group.next[r] == group.next[r - 1] + stride; };
    const bool in_a_row = follows(1) && follows(2) && follows(3);
    group.step = in_a_row ? kGroup : 1;
    for (std::size_t r = 1; in_a_row && r < kGroup; ++r) group.next[r] = group.next[0] + r * kLine;
    const std::size_t left = count - i < kGroup ? count - i : kGroup;
    _mm_mask_storeu_ps(out + i, static_cast<__mmask8>(_bzhi_u32(0xfu, static_cast<unsigned>(left))), four_dots(x, group, width));
  }
}

}  // namespace glissade::simd::avx512bf16
