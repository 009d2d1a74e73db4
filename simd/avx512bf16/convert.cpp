#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512bf16 {
namespace {

// The instruction flushes subnormal numbers to 0; the definition rounds them like any other.
inline __m256i round_subnormals(__m256i rounded, __mmask16 subnormal, __m512i bits) {
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i exact = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd), 16);
  return _mm256_mask_mov_epi16(rounded, subnormal, _mm512_cvtepi32_epi16(exact));
}

}  // namespace

void narrow_nearest(const float* x, std::uint16_t* y, std::size_t n) noexcept {
  constexpr int kSubnormal = 0x20;
  for (std::size_t i = 0; i < n; i += 16) {
    const auto lanes = static_cast<__mmask16>(_bzhi_u32(0xffffu, n - i < 16 ? static_cast<unsigned>(n - i) : 16u));
    const __m512 value = _mm512_maskz_loadu_ps(lanes, x + i);
    __m256i rounded = (__m256i)_mm512_cvtneps_pbh(value);
    const __mmask16 subnormal = _mm512_fpclass_ps_mask(value, kSubnormal);
    if (__builtin_expect(subnormal != 0, 0)) rounded = round_subnormals(rounded, subnormal, _mm512_castps_si512(value));
    _mm256_mask_storeu_epi16(y + i, lanes, rounded);
  }
}

}  // namespace glissade::simd::avx512bf16
