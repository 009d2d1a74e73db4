#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx2 {
namespace {

constexpr float kInfinity = __builtin_inff();

// Sums of floats are moved to a double this often, so that a sum over a million labels loses nothing.
constexpr std::size_t kBlock = 2048;

// Read at 8 - n, the mask of the first n of 8 lanes.
constexpr std::int32_t kLaneMasks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

inline __m256i lanes_left(std::size_t n) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLaneMasks + 8 - (n < 8 ? n : 8)));
}

inline __m256 kept_lanes(__m256 v, __m256i lanes) { return _mm256_and_ps(v, _mm256_castsi256_ps(lanes)); }

inline __m256 power_of_two(__m256i n) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}

// As in avx512/softmax.cpp: exp(x) = 2^n exp(r). 2^n goes in as two factors, because n = 128 has no float of its own.
inline __m256 exp_normal(__m256 x) {
  const __m256 lowest = _mm256_set1_ps(-87.33654f), highest = _mm256_set1_ps(89.0f);
  const __m256 kept = _mm256_cmp_ps(x, lowest, _CMP_NLT_UQ);
  x = _mm256_min_ps(highest, x);  // in this order, a NaN in x goes through
  const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693147182f), x);
  r = _mm256_fnmadd_ps(n, _mm256_set1_ps(-1.90465421e-9f), r);
  const __m256 r2 = _mm256_mul_ps(r, r);
  const __m256 q01 = _mm256_fmadd_ps(_mm256_set1_ps(0.166665196f), r, _mm256_set1_ps(0.49999994f));
  const __m256 q23 = _mm256_fmadd_ps(_mm256_set1_ps(0.00836885069f), r, _mm256_set1_ps(0.0416684002f));
  const __m256 q = _mm256_fmadd_ps(_mm256_fmadd_ps(_mm256_set1_ps(0.00138143206f), r2, q23), r2, q01);
  const __m256 power = _mm256_add_ps(_mm256_fmadd_ps(q, r2, r), _mm256_set1_ps(1.0f));
  const __m256i whole = _mm256_cvtps_epi32(n);
  const __m256i half = _mm256_srai_epi32(whole, 1);
  const __m256 scaled = _mm256_mul_ps(_mm256_mul_ps(power, power_of_two(half)), power_of_two(_mm256_sub_epi32(whole, half)));
  return _mm256_and_ps(scaled, kept);
}

inline float sum_of(__m256 v) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

inline float largest_of(const float* z, std::size_t n) {
  __m256 best[4];
  for (__m256& b : best) b = _mm256_set1_ps(-kInfinity);
  std::size_t i = 0;
  // max(z, best), in this order, is `best` where z is NaN.
  for (; i + 32 <= n; i += 32) {
    for (std::size_t j = 0; j < 4; ++j) best[j] = _mm256_max_ps(_mm256_loadu_ps(z + i + 8 * j), best[j]);
  }
  for (; i + 8 <= n; i += 8) best[0] = _mm256_max_ps(_mm256_loadu_ps(z + i), best[0]);
  float lanes[8];
  _mm256_storeu_ps(lanes, _mm256_max_ps(_mm256_max_ps(best[0], best[1]), _mm256_max_ps(best[2], best[3])));
  float largest = -kInfinity;
  for (const float lane : lanes) largest = lane > largest ? lane : largest;
  for (; i < n; ++i) largest = z[i] > largest ? z[i] : largest;
  return largest;
}

/// 1 / (1 + exp(-x)) and log(1 + exp(x)).
struct Sigmoid {
  __m256 value, softplus;
};

inline Sigmoid sigmoid(__m256 x) {
  const __m256 zero = _mm256_setzero_ps(), one = _mm256_set1_ps(1.0f), two = _mm256_set1_ps(2.0f);
  const __m256 e = exp_normal(_mm256_or_ps(x, _mm256_set1_ps(-0.0f)));  // exp(-|x|)
  // See avx512/softmax.cpp: s = e / (2 + e), log(1 + e) = 2 atanh(s), one division for s and 1 / (1 + e).
  const __m256 one_e = _mm256_add_ps(one, e), two_e = _mm256_add_ps(two, e);
  const __m256 inverse = _mm256_div_ps(one, _mm256_mul_ps(one_e, two_e));
  const __m256 s = _mm256_mul_ps(_mm256_mul_ps(e, one_e), inverse);
  const __m256 t = _mm256_mul_ps(s, s);
  const __m256 p01 = _mm256_fmadd_ps(_mm256_set1_ps(0.200107634f), t, _mm256_set1_ps(0.333332092f));
  const __m256 p23 = _mm256_fmadd_ps(_mm256_set1_ps(0.140059933f), t, _mm256_set1_ps(0.140009031f));
  const __m256 p = _mm256_fmadd_ps(p23, _mm256_mul_ps(t, t), p01);
  const __m256 log1p = _mm256_mul_ps(two, _mm256_fmadd_ps(_mm256_mul_ps(s, t), p, s));
  const __m256 softplus = _mm256_add_ps(_mm256_max_ps(zero, x), log1p);  // max in this order lets NaN through
  const __m256 above = _mm256_blendv_ps(one, e, _mm256_cmp_ps(x, zero, _CMP_LT_OQ));
  return {_mm256_mul_ps(above, _mm256_mul_ps(two_e, inverse)), softplus};
}

}  // namespace

float logsumexp_f32(const float* z, std::size_t n) noexcept {
  const float largest = largest_of(z, n);
  // As in the scalar version: an infinite maximum is not subtracted.
  const float shift = largest == kInfinity || largest == -kInfinity ? 0.0f : largest;
  const __m256 shifts = _mm256_set1_ps(shift);
  double total = 0.0;
  for (std::size_t block = 0; block < n; block += kBlock) {
    const std::size_t end = n - block < kBlock ? n : block + kBlock;
    __m256 sum = _mm256_setzero_ps();
    for (std::size_t i = block; i < end; i += 8) {
      const __m256i lanes = lanes_left(end - i);
      const __m256 e = exp_normal(_mm256_sub_ps(_mm256_maskload_ps(z + i, lanes), shifts));
      sum = _mm256_add_ps(sum, kept_lanes(e, lanes));
    }
    total += sum_of(sum);
  }
  return shift + static_cast<float>(__builtin_log(total));
}

void exp_shift_f32(float* z, std::size_t n, float shift) noexcept {
  const __m256 shifts = _mm256_set1_ps(shift);
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) _mm256_storeu_ps(z + i, exp_normal(_mm256_sub_ps(_mm256_loadu_ps(z + i), shifts)));
  if (i < n) {
    const __m256i lanes = lanes_left(n - i);
    _mm256_maskstore_ps(z + i, lanes, exp_normal(_mm256_sub_ps(_mm256_maskload_ps(z + i, lanes), shifts)));
  }
}

float exp_sum_f32(float* z, std::size_t n, float* shift) noexcept {
  const float largest = largest_of(z, n);
  *shift = largest == kInfinity || largest == -kInfinity ? 0.0f : largest;
  const __m256 shifts = _mm256_set1_ps(*shift);
  double total = 0.0;
  for (std::size_t block = 0; block < n; block += kBlock) {
    const std::size_t end = n - block < kBlock ? n : block + kBlock;
    __m256 sum = _mm256_setzero_ps();
    std::size_t i = block;
    for (; i + 8 <= end; i += 8) {
      const __m256 e = exp_normal(_mm256_sub_ps(_mm256_loadu_ps(z + i), shifts));
      _mm256_storeu_ps(z + i, e);
      sum = _mm256_add_ps(sum, e);
    }
    if (i < end) {  // masked stores are slow on some CPUs: for the rest only
      const __m256i lanes = lanes_left(end - i);
      const __m256 e = exp_normal(_mm256_sub_ps(_mm256_maskload_ps(z + i, lanes), shifts));
      _mm256_maskstore_ps(z + i, lanes, e);
      sum = _mm256_add_ps(sum, kept_lanes(e, lanes));
    }
    total += sum_of(sum);
  }
  return static_cast<float>(total);
}

float sigmoid_f32(float* z, std::size_t n) noexcept {
  double total = 0.0;
  for (std::size_t block = 0; block < n; block += kBlock) {
    const std::size_t end = n - block < kBlock ? n : block + kBlock;
    __m256 sum = _mm256_setzero_ps();
    std::size_t i = block;
    for (; i + 8 <= end; i += 8) {
      const Sigmoid result = sigmoid(_mm256_loadu_ps(z + i));
      _mm256_storeu_ps(z + i, result.value);
      sum = _mm256_add_ps(sum, result.softplus);
    }
    if (i < end) {
      const __m256i lanes = lanes_left(end - i);
      const Sigmoid result = sigmoid(_mm256_maskload_ps(z + i, lanes));
      _mm256_maskstore_ps(z + i, lanes, result.value);
      sum = _mm256_add_ps(sum, kept_lanes(result.softplus, lanes));
    }
    total += sum_of(sum);
  }
  return static_cast<float>(total);
}

}  // namespace glissade::simd::avx2
