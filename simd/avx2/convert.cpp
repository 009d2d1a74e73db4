#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

// Sixteen elements at a time; the scalar definition, which gives the same bits, does the rest.
constexpr std::size_t kStep = 16;

inline __m256i load_bits(const float* x) { return _mm256_castps_si256(_mm256_loadu_ps(x)); }
inline void store_bits(float* y, __m256i bits) { _mm256_storeu_ps(y, _mm256_castsi256_ps(bits)); }

inline __m128i load_eight(const std::uint16_t* x) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(x)); }

// Stores the 8 + 8 values of a and b, each at most 0xffff, as 16-bit ones. Packing works within 128-bit lanes.
inline void store_sixteen(std::uint16_t* y, __m256i a, __m256i b) {
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xd8);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), packed);
}

// The upper half of `rounded`, or of the quieted value where that is a NaN.
inline __m256i upper_half(__m256i bits, __m256i rounded) {
  const __m256 value = _mm256_castsi256_ps(bits);
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(value, value, _CMP_UNORD_Q));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  return _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
}

inline __m256i nearest(__m256i bits) {
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  return upper_half(bits, _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd));
}

// See draw() in scalar/convert.cpp; the lower half of the result is the random number.
inline __m256i draw(__m256i counter, __m256i key_high) {
  __m256i h = counter;
  h = _mm256_mullo_epi32(_mm256_xor_si256(h, _mm256_srli_epi32(h, 16)), _mm256_set1_epi32(0x7feb352d));
  h = _mm256_xor_si256(h, key_high);
  h = _mm256_mullo_epi32(_mm256_xor_si256(h, _mm256_srli_epi32(h, 15)), _mm256_set1_epi32(static_cast<int>(0x846ca68bu)));
  return _mm256_srli_epi32(h, 16);
}

inline void stochastic_sixteen(const float* x, std::uint16_t* y, __m256i counter, __m256i key_high) {
  const __m256i a = load_bits(x), b = load_bits(x + 8);
  const __m256i draw_a = draw(counter, key_high);
  const __m256i draw_b = draw(_mm256_add_epi32(counter, _mm256_set1_epi32(8)), key_high);
  store_sixteen(y, upper_half(a, _mm256_add_epi32(a, draw_a)), upper_half(b, _mm256_add_epi32(b, draw_b)));
}

}  // namespace

void narrow_nearest(const float* x, std::uint16_t* y, std::size_t n) noexcept {
  std::size_t i = 0;
  for (; i + kStep <= n; i += kStep) store_sixteen(y + i, nearest(load_bits(x + i)), nearest(load_bits(x + i + 8)));
  scalar::narrow_nearest(x + i, y + i, n - i);
}

void scale_narrow(float factor, const float* x, std::uint16_t* y, std::size_t n) noexcept {
  const __m256 factors = _mm256_set1_ps(factor);
  const auto scaled = [factors](const float* from) { return _mm256_castps_si256(_mm256_mul_ps(factors, _mm256_loadu_ps(from))); };
  std::size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const __m256i a = scaled(x + i), b = scaled(x + i + 8);
    store_sixteen(y + i, nearest(a), nearest(b));
  }
  scalar::scale_narrow(factor, x + i, y + i, n - i);
}

void scale_f32(float factor, float* x, std::size_t n) noexcept {
  const __m256 factors = _mm256_set1_ps(factor);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, _mm256_mul_ps(factors, _mm256_loadu_ps(x + i)));
  scalar::scale_f32(factor, x + i, n - i);
}

void narrow_stochastic(const float* x, std::uint16_t* y, std::size_t n, std::uint64_t seed) noexcept {
  const std::uint64_t key = scalar::stochastic_key(seed);
  const __m256i key_high = _mm256_set1_epi32(static_cast<int>(key >> 32));
  const __m256i ramp = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
  __m256i counter = _mm256_add_epi32(ramp, _mm256_set1_epi32(static_cast<int>(key)));
  std::size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    stochastic_sixteen(x + i, y + i, counter, key_high);
    counter = _mm256_add_epi32(counter, _mm256_set1_epi32(kStep));
  }
  if (i == n) return;
  // The rest goes through copies, because its draws depend on where it stands.
  float in[kStep] = {};
  std::uint16_t out[kStep];
  for (std::size_t j = 0; j < n - i; ++j) in[j] = x[i + j];
  stochastic_sixteen(in, out, counter, key_high);
  for (std::size_t j = 0; j < n - i; ++j) y[i + j] = out[j];
}

void widen(const std::uint16_t* x, float* y, std::size_t n) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) store_bits(y + i, _mm256_slli_epi32(_mm256_cvtepu16_epi32(load_eight(x + i)), 16));
  scalar::widen(x + i, y + i, n - i);
}

void split_f32(const float* w, std::uint16_t* hi, std::uint16_t* lo, std::size_t n) noexcept {
  const __m256i half = _mm256_set1_epi32(0x8000);
  const __m256i low = _mm256_set1_epi32(0xffff);
  std::size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const __m256i a = load_bits(w + i), b = load_bits(w + i + 8);
    store_sixteen(hi + i, _mm256_srli_epi32(_mm256_add_epi32(a, half), 16), _mm256_srli_epi32(_mm256_add_epi32(b, half), 16));
    store_sixteen(lo + i, _mm256_and_si256(a, low), _mm256_and_si256(b, low));
  }
  scalar::split_f32(w + i, hi + i, lo + i, n - i);
}

void join_f32(const std::uint16_t* hi, const std::uint16_t* lo, float* w, std::size_t n) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m256i high = _mm256_slli_epi32(_mm256_cvtepu16_epi32(load_eight(hi + i)), 16);
    store_bits(w + i, _mm256_add_epi32(high, _mm256_cvtepi16_epi32(load_eight(lo + i))));
  }
  scalar::join_f32(hi + i, lo + i, w + i, n - i);
}

}  // namespace glissade::simd::avx2
