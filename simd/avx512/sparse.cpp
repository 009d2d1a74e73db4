#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

constexpr std::size_t kAhead = 6;  ///< rows asked for before their turn: they lie anywhere in memory
constexpr std::size_t kLanes = 16;

inline __m512 widened(__m256i halves) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16)); }

}  // namespace

void sparse_dots(const float* x, const std::uint32_t* ids, const std::uint16_t* values, const std::uint64_t* offsets,
                 const std::uint32_t* rows, std::size_t count, float* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kAhead < count) {
      const std::uint64_t next = offsets[rows[i + kAhead]];
      _mm_prefetch(reinterpret_cast<const char*>(ids + next), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(ids + next + kLanes), _MM_HINT_T0);
      _mm_prefetch(reinterpret_cast<const char*>(values + next), _MM_HINT_T0);
    }
    std::uint64_t j = offsets[rows[i]];
    const std::uint64_t end = offsets[rows[i] + 1];
    __m512 sums = _mm512_setzero_ps();
    for (; j + kLanes <= end; j += kLanes) {
      const __m512i places = _mm512_loadu_si512(ids + j);
      const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + j));
      sums = _mm512_fmadd_ps(_mm512_i32gather_ps(places, x, 4), widened(halves), sums);
    }
    if (j < end) {
      const auto rest = static_cast<__mmask16>(_bzhi_u32(0xffffu, static_cast<unsigned>(end - j)));
      const __m512i places = _mm512_maskz_loadu_epi32(rest, ids + j);
      const __m256i halves = _mm256_maskz_loadu_epi16(rest, values + j);
      const __m512 entries = _mm512_mask_i32gather_ps(_mm512_setzero_ps(), rest, places, x, 4);
      sums = _mm512_fmadd_ps(entries, widened(halves), sums);
    }
    out[i] = _mm512_reduce_add_ps(sums);
  }
}

std::size_t sparse_matches(const float* x, const std::uint32_t* ids, std::size_t count, std::uint32_t* places) noexcept {
  const __m512 zero = _mm512_setzero_ps();
  __m512i here = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  std::size_t found = 0;
  for (std::size_t j = 0; j < count; j += kLanes) {
    const auto lanes = static_cast<__mmask16>(_bzhi_u32(0xffffu, count - j < kLanes ? static_cast<unsigned>(count - j) : 16u));
    const __m512 entries = _mm512_mask_i32gather_ps(zero, lanes, _mm512_maskz_loadu_epi32(lanes, ids + j), x, 4);
    const __mmask16 matches = _mm512_cmp_ps_mask(entries, zero, _CMP_NEQ_UQ);
    // Matches are rare: most of the time there is nothing to store.
    if (matches != 0) {
      _mm512_storeu_si512(places + found, _mm512_maskz_compress_epi32(matches, here));
      found += static_cast<std::size_t>(__builtin_popcount(matches));
    }
    here = _mm512_add_epi32(here, _mm512_set1_epi32(static_cast<int>(kLanes)));
  }
  return found;
}

}  // namespace glissade::simd::avx512
