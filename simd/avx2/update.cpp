#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

inline __m128i load_eight(const std::uint16_t* x) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(x)); }

inline void store_eight(std::uint16_t* y, __m256i v) {
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(v, v), 0xd8);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm256_castsi256_si128(packed));
}

// A place for weights: a float array, or two arrays of halves.
struct Whole {
  float* w;
  __m256 load(std::size_t i) const { return _mm256_loadu_ps(w + i); }
  void store(std::size_t i, __m256 value) const { _mm256_storeu_ps(w + i, value); }
};

struct Halves {
  std::uint16_t* hi;
  std::uint16_t* lo;
  __m256 load(std::size_t i) const {
    const __m256i high = _mm256_slli_epi32(_mm256_cvtepu16_epi32(load_eight(hi + i)), 16);
    return _mm256_castsi256_ps(_mm256_add_epi32(high, _mm256_cvtepi16_epi32(load_eight(lo + i))));
  }
  void store(std::size_t i, __m256 value) const {
    const __m256i bits = _mm256_castps_si256(value);
    store_eight(hi + i, _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x8000)), 16));
    store_eight(lo + i, _mm256_and_si256(bits, _mm256_set1_epi32(0xffff)));
  }
};

inline float sum_of(__m256 v) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

// No fused multiply-add below: the expressions and their order are those of scalar/update.cpp, to the bit; the scalar version
// itself does the rest after the last whole vector. Both return the squared change up to `whole`, a multiple of 8.

template <class Weights>
float adam(const Weights& weights, float* m, float* v, const float* g, std::size_t whole, const AdamStep& step) {
  const __m256 keep1 = _mm256_set1_ps(step.keep1), gain1 = _mm256_set1_ps(step.gain1);
  const __m256 keep2 = _mm256_set1_ps(step.keep2), gain2 = _mm256_set1_ps(step.gain2);
  const __m256 rate = _mm256_set1_ps(step.rate), shrink = _mm256_set1_ps(step.shrink);
  const __m256 scale2 = _mm256_set1_ps(step.scale2), epsilon = _mm256_set1_ps(step.epsilon);
  __m256 change = _mm256_setzero_ps();
  for (std::size_t i = 0; i < whole; i += 8) {
    const __m256 w = weights.load(i);
    const __m256 gradient = _mm256_loadu_ps(g + i);
    const __m256 first = _mm256_add_ps(_mm256_mul_ps(keep1, _mm256_loadu_ps(m + i)), _mm256_mul_ps(gain1, gradient));
    const __m256 second =
        _mm256_add_ps(_mm256_mul_ps(keep2, _mm256_loadu_ps(v + i)), _mm256_mul_ps(gain2, _mm256_mul_ps(gradient, gradient)));
    const __m256 root = _mm256_add_ps(_mm256_mul_ps(_mm256_sqrt_ps(second), scale2), epsilon);
    const __m256 updated = _mm256_sub_ps(_mm256_mul_ps(w, shrink), _mm256_div_ps(_mm256_mul_ps(rate, first), root));
    const __m256 moved = _mm256_sub_ps(updated, w);
    change = _mm256_add_ps(change, _mm256_mul_ps(moved, moved));
    _mm256_storeu_ps(m + i, first);
    _mm256_storeu_ps(v + i, second);
    weights.store(i, updated);
  }
  return sum_of(change);
}

template <class Weights>
float momentum(const Weights& weights, float* m, const float* g, std::size_t whole, const MomentumStep& step) {
  const __m256 keep = _mm256_set1_ps(step.keep), gain = _mm256_set1_ps(step.gain);
  const __m256 rate = _mm256_set1_ps(step.rate), shrink = _mm256_set1_ps(step.shrink);
  __m256 change = _mm256_setzero_ps();
  for (std::size_t i = 0; i < whole; i += 8) {
    const __m256 w = weights.load(i);
    const __m256 mean = _mm256_add_ps(_mm256_mul_ps(keep, _mm256_loadu_ps(m + i)), _mm256_mul_ps(gain, _mm256_loadu_ps(g + i)));
    const __m256 updated = _mm256_sub_ps(_mm256_mul_ps(w, shrink), _mm256_mul_ps(rate, mean));
    const __m256 moved = _mm256_sub_ps(updated, w);
    change = _mm256_add_ps(change, _mm256_mul_ps(moved, moved));
    _mm256_storeu_ps(m + i, mean);
    weights.store(i, updated);
  }
  return sum_of(change);
}

template <class Weights>
float sgd(const Weights& weights, const float* g, std::size_t whole, const SgdStep& step) {
  const __m256 rate = _mm256_set1_ps(step.rate), shrink = _mm256_set1_ps(step.shrink);
  __m256 change = _mm256_setzero_ps();
  for (std::size_t i = 0; i < whole; i += 8) {
    const __m256 w = weights.load(i);
    const __m256 updated = _mm256_sub_ps(_mm256_mul_ps(w, shrink), _mm256_mul_ps(rate, _mm256_loadu_ps(g + i)));
    const __m256 moved = _mm256_sub_ps(updated, w);
    change = _mm256_add_ps(change, _mm256_mul_ps(moved, moved));
    weights.store(i, updated);
  }
  return sum_of(change);
}

}  // namespace

float adam_f32(float* w, float* m, float* v, const float* g, std::size_t n, const AdamStep* step) noexcept {
  const std::size_t whole = n / 8 * 8;
  const float change = adam(Whole{w}, m, v, g, whole, *step);
  return change + scalar::adam_f32(w + whole, m + whole, v + whole, g + whole, n - whole, step);
}

float adam_split(std::uint16_t* hi, std::uint16_t* lo, float* m, float* v, const float* g, std::size_t n,
                 const AdamStep* step) noexcept {
  const std::size_t whole = n / 8 * 8;
  const float change = adam(Halves{hi, lo}, m, v, g, whole, *step);
  return change + scalar::adam_split(hi + whole, lo + whole, m + whole, v + whole, g + whole, n - whole, step);
}

float momentum_f32(float* w, float* m, const float* g, std::size_t n, const MomentumStep* step) noexcept {
  const std::size_t whole = n / 8 * 8;
  const float change = momentum(Whole{w}, m, g, whole, *step);
  return change + scalar::momentum_f32(w + whole, m + whole, g + whole, n - whole, step);
}

float momentum_split(std::uint16_t* hi, std::uint16_t* lo, float* m, const float* g, std::size_t n,
                     const MomentumStep* step) noexcept {
  const std::size_t whole = n / 8 * 8;
  const float change = momentum(Halves{hi, lo}, m, g, whole, *step);
  return change + scalar::momentum_split(hi + whole, lo + whole, m + whole, g + whole, n - whole, step);
}

float sgd_f32(float* w, const float* g, std::size_t n, const SgdStep* step) noexcept {
  const std::size_t whole = n / 8 * 8;
  return sgd(Whole{w}, g, whole, *step) + scalar::sgd_f32(w + whole, g + whole, n - whole, step);
}

float sgd_split(std::uint16_t* hi, std::uint16_t* lo, const float* g, std::size_t n, const SgdStep* step) noexcept {
  const std::size_t whole = n / 8 * 8;
  return sgd(Halves{hi, lo}, g, whole, *step) + scalar::sgd_split(hi + whole, lo + whole, g + whole, n - whole, step);
}

float sum_squares_f32(const float* x, std::size_t n) noexcept {
  constexpr std::size_t kStep = 16;
  __m256 low = _mm256_setzero_ps(), high = low;
  std::size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + 8);
    low = _mm256_add_ps(low, _mm256_mul_ps(a, a));
    high = _mm256_add_ps(high, _mm256_mul_ps(b, b));
  }
  float rest[kStep] = {};
  for (std::size_t j = 0; j < n - i; ++j) rest[j] = x[i + j];
  const __m256 a = _mm256_loadu_ps(rest), b = _mm256_loadu_ps(rest + 8);
  low = _mm256_add_ps(low, _mm256_mul_ps(a, a));
  high = _mm256_add_ps(high, _mm256_mul_ps(b, b));
  return sum_of(_mm256_add_ps(low, high));  // halves onto halves: the order that the definition asks for
}

}  // namespace glissade::simd::avx2
