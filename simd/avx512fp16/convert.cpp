#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512fp16 {
namespace {

inline __mmask16 lanes_of(std::size_t left) {
  return static_cast<__mmask16>(_bzhi_u32(0xffffu, left < 16 ? static_cast<unsigned>(left) : 16u));
}

inline __m256i narrow(__m512 x) { return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

}  // namespace

void scale_f16(float factor, const float* x, std::uint16_t* y, std::size_t n) noexcept {
  const __m512 scale = _mm512_set1_ps(factor);
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + i), narrow(_mm512_mul_ps(scale, _mm512_loadu_ps(x + i))));
  }
  if (i < n) {
    const __mmask16 lanes = lanes_of(n - i);
    _mm256_mask_storeu_epi16(y + i, lanes, narrow(_mm512_mul_ps(scale, _mm512_maskz_loadu_ps(lanes, x + i))));
  }
}

std::uint16_t f16_of_bf16(const std::uint16_t* x, std::uint16_t* y, std::size_t n) noexcept {
  __m512i largest = _mm512_setzero_si512();
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_of(n - i);
    const __m512i bits = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes, x + i)), 16);
    largest = _mm512_max_epu32(largest, _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff)));
    const __m256i halves = narrow(_mm512_castsi512_ps(bits));
    if (lanes == 0xffff) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + i), halves);
    } else {
      _mm256_mask_storeu_epi16(y + i, lanes, halves);
    }
  }
  return static_cast<std::uint16_t>(_mm512_reduce_max_epu32(largest) >> 16);
}

}  // namespace glissade::simd::avx512fp16
