#include <cfloat>
#include <cmath>

#include "simd/declare.h"

namespace glissade::simd::scalar {
namespace {

// Results below the smallest normal float are 0: a subnormal probability is worth nothing, and costs an assist of some
// hundred cycles in every kernel that it meets afterwards.
float exp_normal(float x) {
  const float e = expf(x);
  return e < FLT_MIN ? 0.0f : e;
}

}  // namespace

float logsumexp_f32(const float* z, std::size_t n) noexcept {
  float largest = -INFINITY;
  for (std::size_t i = 0; i < n; ++i) {
    if (z[i] > largest) largest = z[i];
  }
  // An infinite maximum must not be subtracted from itself; unshifted, the sum is 0 or infinite and its log is right.
  const float shift = fabsf(largest) == INFINITY ? 0.0f : largest;
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) sum += exp_normal(z[i] - shift);
  return shift + static_cast<float>(log(sum));
}

void exp_shift_f32(float* z, std::size_t n, float shift) noexcept {
  for (std::size_t i = 0; i < n; ++i) z[i] = exp_normal(z[i] - shift);
}

float exp_sum_f32(float* z, std::size_t n, float* shift) noexcept {
  float largest = -INFINITY;
  for (std::size_t i = 0; i < n; ++i) {
    if (z[i] > largest) largest = z[i];
  }
  *shift = fabsf(largest) == INFINITY ? 0.0f : largest;
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    z[i] = exp_normal(z[i] - *shift);
    sum += z[i];
  }
  return static_cast<float>(sum);
}

float sigmoid_f32(float* z, std::size_t n) noexcept {
  double softplus = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    // Only exp(-|z|) is ever taken, so neither tail overflows and both keep their relative precision.
    const float e = exp_normal(-fabsf(z[i]));
    softplus += (z[i] < 0.0f ? 0.0f : z[i]) + log1pf(e);
    z[i] = (z[i] < 0.0f ? e : 1.0f) / (1.0f + e);
  }
  return static_cast<float>(softplus);
}

}  // namespace glissade::simd::scalar
