#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

inline __mmask16 lanes_left(std::size_t n) {
  return static_cast<__mmask16>(_bzhi_u32(0xffffu, n < 16 ? static_cast<unsigned>(n) : 16u));
}

inline __m512i load_bits(__mmask16 lanes, const float* x) { return _mm512_castps_si512(_mm512_maskz_loadu_ps(lanes, x)); }
inline void store_bits(float* y, __mmask16 lanes, __m512i bits) { _mm512_mask_storeu_ps(y, lanes, _mm512_castsi512_ps(bits)); }

inline __m512i load_halves(__mmask16 lanes, const std::uint16_t* x) {
  return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes, x));
}
inline void store_halves(std::uint16_t* y, __mmask16 lanes, __m512i v) {
  _mm256_mask_storeu_epi16(y, lanes, _mm512_cvtepi32_epi16(v));
}

// The upper half of `rounded`, or of the quieted value where that is a NaN.
inline __m512i upper_half(__m512i bits, __m512i rounded) {
  const __m512 value = _mm512_castsi512_ps(bits);
  const __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
  return _mm512_srli_epi32(_mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000)), 16);
}

// See draw() in scalar/convert.cpp; the lower half of the result is the random number.
inline __m512i draw(__m512i counter, __m512i key_high) {
  __m512i h = counter;
  h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 16)), _mm512_set1_epi32(0x7feb352d));
  h = _mm512_xor_si512(h, key_high);
  h = _mm512_mullo_epi32(_mm512_xor_si512(h, _mm512_srli_epi32(h, 15)), _mm512_set1_epi32(static_cast<int>(0x846ca68bu)));
  return _mm512_srli_epi32(h, 16);
}

}  // namespace

void narrow_nearest(const float* x, std::uint16_t* y, std::size_t n) noexcept {
  const __m512i one = _mm512_set1_epi32(1);
  const __m512i almost_half = _mm512_set1_epi32(0x7fff);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    const __m512i bits = load_bits(lanes, x + i);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), one);
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, almost_half), odd);
    store_halves(y + i, lanes, upper_half(bits, rounded));
  }
}

void scale_narrow(float factor, const float* x, std::uint16_t* y, std::size_t n) noexcept {
  const __m512i one = _mm512_set1_epi32(1);
  const __m512i almost_half = _mm512_set1_epi32(0x7fff);
  const __m512 factors = _mm512_set1_ps(factor);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    const __m512i bits = _mm512_castps_si512(_mm512_mul_ps(factors, _mm512_maskz_loadu_ps(lanes, x + i)));
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), one);
    store_halves(y + i, lanes, upper_half(bits, _mm512_add_epi32(_mm512_add_epi32(bits, almost_half), odd)));
  }
}

void scale_f32(float factor, float* x, std::size_t n) noexcept {
  const __m512 factors = _mm512_set1_ps(factor);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    _mm512_mask_storeu_ps(x + i, lanes, _mm512_mul_ps(factors, _mm512_maskz_loadu_ps(lanes, x + i)));
  }
}

void narrow_stochastic(const float* x, std::uint16_t* y, std::size_t n, std::uint64_t seed) noexcept {
  const std::uint64_t key = scalar::stochastic_key(seed);
  const __m512i key_high = _mm512_set1_epi32(static_cast<int>(key >> 32));
  const __m512i sixteen = _mm512_set1_epi32(16);
  const __m512i ramp = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  __m512i counter = _mm512_add_epi32(ramp, _mm512_set1_epi32(static_cast<int>(key)));
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    const __m512i bits = load_bits(lanes, x + i);
    store_halves(y + i, lanes, upper_half(bits, _mm512_add_epi32(bits, draw(counter, key_high))));
    counter = _mm512_add_epi32(counter, sixteen);
  }
}

void widen(const std::uint16_t* x, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    store_bits(y + i, lanes, _mm512_slli_epi32(load_halves(lanes, x + i), 16));
  }
}

void split_f32(const float* w, std::uint16_t* hi, std::uint16_t* lo, std::size_t n) noexcept {
  const __m512i half = _mm512_set1_epi32(0x8000);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    const __m512i bits = load_bits(lanes, w + i);
    store_halves(hi + i, lanes, _mm512_srli_epi32(_mm512_add_epi32(bits, half), 16));
    store_halves(lo + i, lanes, bits);
  }
}

void join_f32(const std::uint16_t* hi, const std::uint16_t* lo, float* w, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    const __m512i low = _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(lanes, lo + i));
    store_bits(w + i, lanes, _mm512_add_epi32(_mm512_slli_epi32(load_halves(lanes, hi + i), 16), low));
  }
}

}  // namespace glissade::simd::avx512
