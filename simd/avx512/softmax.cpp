#include <immintrin.h>

#include "simd/declare.h"

namespace glissade::simd::avx512 {
namespace {

constexpr float kInfinity = __builtin_inff();

// Sums of floats are moved to a double this often, so that a sum over a million labels loses nothing.
constexpr std::size_t kBlock = 4096;

inline __mmask16 lanes_left(std::size_t n) {
  return static_cast<__mmask16>(_bzhi_u32(0xffffu, n < 16 ? static_cast<unsigned>(n) : 16u));
}

// exp(x) = 2^n exp(r), n the integer nearest to x / ln 2, so |r| <= ln 2 / 2; exp(r) = 1 + r + r^2 q(r) with q of degree 4,
// minimax in relative error (3e-9). Results below the smallest normal float are 0; NaN stays NaN.
inline __m512 exp_normal(__m512 x) {
  const __m512 lowest = _mm512_set1_ps(-87.33654f), highest = _mm512_set1_ps(89.0f);
  const __mmask16 kept = _mm512_cmp_ps_mask(x, lowest, _CMP_NLT_UQ);
  x = _mm512_min_ps(highest, x);  // in this order, a NaN in x goes through
  const __m512 n =
      _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693147182f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-1.90465421e-9f), r);
  const __m512 r2 = _mm512_mul_ps(r, r);
  const __m512 q01 = _mm512_fmadd_ps(_mm512_set1_ps(0.166665196f), r, _mm512_set1_ps(0.49999994f));
  const __m512 q23 = _mm512_fmadd_ps(_mm512_set1_ps(0.00836885069f), r, _mm512_set1_ps(0.0416684002f));
  const __m512 q = _mm512_fmadd_ps(_mm512_fmadd_ps(_mm512_set1_ps(0.00138143206f), r2, q23), r2, q01);
  const __m512 power = _mm512_add_ps(_mm512_fmadd_ps(q, r2, r), _mm512_set1_ps(1.0f));
  return _mm512_maskz_scalef_ps(kept, power, n);
}

inline float largest_of(const float* z, std::size_t n) {
  const __m512 lowest = _mm512_set1_ps(-kInfinity);
  __m512 best[4] = {lowest, lowest, lowest, lowest};
  std::size_t i = 0;
  // max(z, best), in this order, is `best` where z is NaN.
  for (; i + 64 <= n; i += 64) {
    for (std::size_t j = 0; j < 4; ++j) best[j] = _mm512_max_ps(_mm512_loadu_ps(z + i + 16 * j), best[j]);
  }
  for (; i < n; i += 16) best[0] = _mm512_max_ps(_mm512_mask_loadu_ps(lowest, lanes_left(n - i), z + i), best[0]);
  return _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(best[0], best[1]), _mm512_max_ps(best[2], best[3])));
}

}  // namespace

float logsumexp_f32(const float* z, std::size_t n) noexcept {
  const float largest = largest_of(z, n);
  // As in the scalar version: an infinite maximum is not subtracted.
  const float shift = largest == kInfinity || largest == -kInfinity ? 0.0f : largest;
  const __m512 shifts = _mm512_set1_ps(shift);
  double total = 0.0;
  for (std::size_t block = 0; block < n; block += kBlock) {
    const std::size_t end = n - block < kBlock ? n : block + kBlock;
    __m512 sum = _mm512_setzero_ps();
    for (std::size_t i = block; i < end; i += 16) {
      const __mmask16 lanes = lanes_left(end - i);
      const __m512 e = exp_normal(_mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, z + i), shifts));
      sum = _mm512_mask_add_ps(sum, lanes, sum, e);
    }
    total += _mm512_reduce_add_ps(sum);
  }
  return shift + static_cast<float>(__builtin_log(total));
}

void exp_shift_f32(float* z, std::size_t n, float shift) noexcept {
  const __m512 shifts = _mm512_set1_ps(shift);
  for (std::size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = lanes_left(n - i);
    _mm512_mask_storeu_ps(z + i, lanes, exp_normal(_mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, z + i), shifts)));
  }
}

float exp_sum_f32(float* z, std::size_t n, float* shift) noexcept {
  const float largest = largest_of(z, n);
  *shift = largest == kInfinity || largest == -kInfinity ? 0.0f : largest;
  const __m512 shifts = _mm512_set1_ps(*shift);
  double total = 0.0;
  for (std::size_t block = 0; block < n; block += kBlock) {
    const std::size_t end = n - block < kBlock ? n : block + kBlock;
    __m512 sum = _mm512_setzero_ps();
    for (std::size_t i = block; i < end; i += 16) {
      const __mmask16 lanes = lanes_left(end - i);
      const __m512 e = exp_normal(_mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, z + i), shifts));
      _mm512_mask_storeu_ps(z + i, lanes, e);
      sum = _mm512_mask_add_ps(sum, lanes, sum, e);
    }
    total += _mm512_reduce_add_ps(sum);
  }
  return static_cast<float>(total);
}

float sigmoid_f32(float* z, std::size_t n) noexcept {
  const __m512 zero = _mm512_setzero_ps(), one = _mm512_set1_ps(1.0f), two = _mm512_set1_ps(2.0f);
  double total = 0.0;
  for (std::size_t block = 0; block < n; block += kBlock) {
    const std::size_t end = n - block < kBlock ? n : block + kBlock;
    __m512 sum = zero;
    for (std::size_t i = block; i < end; i += 16) {
      const __mmask16 lanes = lanes_left(end - i);
      const __m512 x = _mm512_maskz_loadu_ps(lanes, z + i);
      const __m512 e = exp_normal(_mm512_or_ps(x, _mm512_set1_ps(-0.0f)));  // exp(-|x|)
      // One division for both 1 / (1 + e) and s = e / (2 + e), with log(1 + e) = 2 atanh(s) and |s| <= 1/3;
      // atanh(s) = s + s t p(t), t = s^2, p of degree 3, minimax in relative error (5e-9).
      const __m512 one_e = _mm512_add_ps(one, e), two_e = _mm512_add_ps(two, e);
      const __m512 inverse = _mm512_div_ps(one, _mm512_mul_ps(one_e, two_e));
      const __m512 s = _mm512_mul_ps(_mm512_mul_ps(e, one_e), inverse);
      const __m512 t = _mm512_mul_ps(s, s);
      const __m512 p01 = _mm512_fmadd_ps(_mm512_set1_ps(0.200107634f), t, _mm512_set1_ps(0.333332092f));
      const __m512 p23 = _mm512_fmadd_ps(_mm512_set1_ps(0.140059933f), t, _mm512_set1_ps(0.140009031f));
      const __m512 p = _mm512_fmadd_ps(p23, _mm512_mul_ps(t, t), p01);
      const __m512 log1p = _mm512_mul_ps(two, _mm512_fmadd_ps(_mm512_mul_ps(s, t), p, s));
      const __m512 softplus = _mm512_add_ps(_mm512_max_ps(zero, x), log1p);  // max in this order lets NaN through
      sum = _mm512_mask_add_ps(sum, lanes, sum, softplus);
      const __m512 above = _mm512_mask_mov_ps(one, _mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ), e);
      _mm512_mask_storeu_ps(z + i, lanes, _mm512_mul_ps(above, _mm512_mul_ps(two_e, inverse)));
    }
    total += _mm512_reduce_add_ps(sum);
  }
  return static_cast<float>(total);
}

}  // namespace glissade::simd::avx512
