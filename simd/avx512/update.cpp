#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

inline __mmask16 lanes_left(std::size_t n) {
  return static_cast<__mmask16>(_bzhi_u32(0xffffu, n < 16 ? static_cast<unsigned>(n) : 16u));
}

// A place for 16 weights: a float array, or two arrays of halves.
struct Whole {
  float* w;
  __m512 load(std::size_t i, __mmask16 lanes) const { return _mm512_maskz_loadu_ps(lanes, w + i); }
  void store(std::size_t i, __mmask16 lanes, __m512 value) const { _mm512_mask_storeu_ps(w + i, lanes, value); }
};

struct Halves {
  std::uint16_t* hi;
  std::uint16_t* lo;
  __m512 load(std::size_t i, __mmask16 lanes) const {
    const __m512i high = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(lanes, hi + i)), 16);
    const __m512i low = _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(lanes, lo + i));
    return _mm512_castsi512_ps(_mm512_add_epi32(high, low));
  }
  void store(std::size_t i, __mmask16 lanes, __m512 value) const {
    const __m512i bits = _mm512_castps_si512(value);
    const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x8000)), 16);
    _mm256_mask_storeu_epi16(hi + i, lanes, _mm512_cvtepi32_epi16(rounded));
    _mm256_mask_storeu_epi16(lo + i, lanes, _mm512_cvtepi32_epi16(bits));
  }
};

// No fused multiply-add below: the expressions and their order are those of scalar/update.cpp, to the bit. Lanes past the
// end hold w = m = v = g = 0 and so change nothing, save 0 / epsilon with epsilon = 0: hence the masked sums.

template <class Weights>
float adam(const Weights& weights, float* m, float* v, const float* g, std::size_t n, const AdamStep& step) {
  const __m512 keep1 = _mm512_set1_ps(step.keep1), gain1 = _mm512_set1_ps(step.gain1);
  const __m512 keep2 = _mm512_set1_ps(step.keep2), gain2 = _mm512_set1_ps(step.gain2);
  const __m512 rate = _mm512_set1_ps(step.rate), shrink = _mm512_set1_ps(step.shrink);
  const __m512 scale2 = _mm512_set1_ps(step.scale2), epsilon = _mm512_set1_ps(step.epsilon);
  __m512 change = _mm512_setzero_ps();
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    const __m512 w = weights.load(i, lanes);
    const __m512 gradient = _mm512_maskz_loadu_ps(lanes, g + i);
    const __m512 first = _mm512_add_ps(_mm512_mul_ps(keep1, _mm512_maskz_loadu_ps(lanes, m + i)), _mm512_mul_ps(gain1, gradient));
    const __m512 second = _mm512_add_ps(_mm512_mul_ps(keep2, _mm512_maskz_loadu_ps(lanes, v + i)),
                                        _mm512_mul_ps(gain2, _mm512_mul_ps(gradient, gradient)));
    const __m512 root = _mm512_add_ps(_mm512_mul_ps(_mm512_sqrt_ps(second), scale2), epsilon);
    const __m512 updated = _mm512_sub_ps(_mm512_mul_ps(w, shrink), _mm512_div_ps(_mm512_mul_ps(rate, first), root));
    const __m512 moved = _mm512_maskz_sub_ps(lanes, updated, w);
    change = _mm512_add_ps(change, _mm512_mul_ps(moved, moved));
    _mm512_mask_storeu_ps(m + i, lanes, first);
    _mm512_mask_storeu_ps(v + i, lanes, second);
    weights.store(i, lanes, updated);
  }
  return _mm512_reduce_add_ps(change);
}

template <class Weights>
float momentum(const Weights& weights, float* m, const float* g, std::size_t n, const MomentumStep& step) {
  const __m512 keep = _mm512_set1_ps(step.keep), gain = _mm512_set1_ps(step.gain);
  const __m512 rate = _mm512_set1_ps(step.rate), shrink = _mm512_set1_ps(step.shrink);
  __m512 change = _mm512_setzero_ps();
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    const __m512 w = weights.load(i, lanes);
    const __m512 mean = _mm512_add_ps(_mm512_mul_ps(keep, _mm512_maskz_loadu_ps(lanes, m + i)),
                                      _mm512_mul_ps(gain, _mm512_maskz_loadu_ps(lanes, g + i)));
    const __m512 updated = _mm512_sub_ps(_mm512_mul_ps(w, shrink), _mm512_mul_ps(rate, mean));
    const __m512 moved = _mm512_maskz_sub_ps(lanes, updated, w);
    change = _mm512_add_ps(change, _mm512_mul_ps(moved, moved));
    _mm512_mask_storeu_ps(m + i, lanes, mean);
    weights.store(i, lanes, updated);
  }
  return _mm512_reduce_add_ps(change);
}

template <class Weights>
float sgd(const Weights& weights, const float* g, std::size_t n, const SgdStep& step) {
  const __m512 rate = _mm512_set1_ps(step.rate), shrink = _mm512_set1_ps(step.shrink);
  __m512 change = _mm512_setzero_ps();
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    const __m512 w = weights.load(i, lanes);
    const __m512 updated = _mm512_sub_ps(_mm512_mul_ps(w, shrink), _mm512_mul_ps(rate, _mm512_maskz_loadu_ps(lanes, g + i)));
    const __m512 moved = _mm512_maskz_sub_ps(lanes, updated, w);
    change = _mm512_add_ps(change, _mm512_mul_ps(moved, moved));
    weights.store(i, lanes, updated);
  }
  return _mm512_reduce_add_ps(change);
}

}  // namespace

float adam_f32(float* w, float* m, float* v, const float* g, std::size_t n, const AdamStep* step) noexcept {
  return adam(Whole{w}, m, v, g, n, *step);
}

float adam_split(std::uint16_t* hi, std::uint16_t* lo, float* m, float* v, const float* g, std::size_t n,
                 const AdamStep* step) noexcept {
  return adam(Halves{hi, lo}, m, v, g, n, *step);
}

float momentum_f32(float* w, float* m, const float* g, std::size_t n, const MomentumStep* step) noexcept {
  return momentum(Whole{w}, m, g, n, *step);
}

float momentum_split(std::uint16_t* hi, std::uint16_t* lo, float* m, const float* g, std::size_t n,
                     const MomentumStep* step) noexcept {
  return momentum(Halves{hi, lo}, m, g, n, *step);
}

float sgd_f32(float* w, const float* g, std::size_t n, const SgdStep* step) noexcept { return sgd(Whole{w}, g, n, *step); }

float sgd_split(std::uint16_t* hi, std::uint16_t* lo, const float* g, std::size_t n, const SgdStep* step) noexcept {
  return sgd(Halves{hi, lo}, g, n, *step);
}

float sum_squares_f32(const float* x, std::size_t n) noexcept {
  __m512 sums = _mm512_setzero_ps();
  for (std::size_t i = 0; i < n; i += 16) {
    const __m512 values = _mm512_maskz_loadu_ps(lanes_left(n - i), x + i);
    sums = _mm512_add_ps(sums, _mm512_mul_ps(values, values));
  }
  // Upper half onto lower, four times, written out: the intrinsic that sums leaves its order open.
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(sums), _mm512_extractf32x8_ps(sums, 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}

}  // namespace glissade::simd::avx512
