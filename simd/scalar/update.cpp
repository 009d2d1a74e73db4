#include <cmath>

#include "simd/declare.h"

namespace glissade::simd::scalar {
namespace {

// Every level computes these expressions in this order and without fused multiply-add, so that weights and moments agree
// to the bit; only the order of the sum of squares differs.
float adam_weight(float w, float& m, float& v, float g, const AdamStep& step) {
  m = step.keep1 * m + step.gain1 * g;
  v = step.keep2 * v + step.gain2 * (g * g);
  return w * step.shrink - step.rate * m / (sqrtf(v) * step.scale2 + step.epsilon);
}

float momentum_weight(float w, float& m, float g, const MomentumStep& step) {
  m = step.keep * m + step.gain * g;
  return w * step.shrink - step.rate * m;
}

float sgd_weight(float w, float g, const SgdStep& step) { return w * step.shrink - step.rate * g; }

float square(float x) { return x * x; }

float joined(std::uint16_t hi, std::uint16_t lo) {
  const auto low = static_cast<std::uint32_t>(static_cast<std::int16_t>(lo));  // sign-extended
  return __builtin_bit_cast(float, (static_cast<std::uint32_t>(hi) << 16) + low);
}

void split(float w, std::uint16_t& hi, std::uint16_t& lo) {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, w);
  hi = static_cast<std::uint16_t>((bits + 0x8000u) >> 16);
  lo = static_cast<std::uint16_t>(bits);
}

}  // namespace

float adam_f32(float* w, float* m, float* v, const float* g, std::size_t n, const AdamStep* step) noexcept {
  float change = 0.0f;
  for (std::size_t i = 0; i < n; ++i) {
    const float updated = adam_weight(w[i], m[i], v[i], g[i], *step);
    change += square(updated - w[i]);
    w[i] = updated;
  }
  return change;
}

float adam_split(std::uint16_t* hi, std::uint16_t* lo, float* m, float* v, const float* g, std::size_t n,
                 const AdamStep* step) noexcept {
  float change = 0.0f;
  for (std::size_t i = 0; i < n; ++i) {
    const float w = joined(hi[i], lo[i]);
    const float updated = adam_weight(w, m[i], v[i], g[i], *step);
    change += square(updated - w);
    split(updated, hi[i], lo[i]);
  }
  return change;
}

float momentum_f32(float* w, float* m, const float* g, std::size_t n, const MomentumStep* step) noexcept {
  float change = 0.0f;
  for (std::size_t i = 0; i < n; ++i) {
    const float updated = momentum_weight(w[i], m[i], g[i], *step);
    change += square(updated - w[i]);
    w[i] = updated;
  }
  return change;
}

float momentum_split(std::uint16_t* hi, std::uint16_t* lo, float* m, const float* g, std::size_t n,
                     const MomentumStep* step) noexcept {
  float change = 0.0f;
  for (std::size_t i = 0; i < n; ++i) {
    const float w = joined(hi[i], lo[i]);
    const float updated = momentum_weight(w, m[i], g[i], *step);
    change += square(updated - w);
    split(updated, hi[i], lo[i]);
  }
  return change;
}

float sgd_f32(float* w, const float* g, std::size_t n, const SgdStep* step) noexcept {
  float change = 0.0f;
  for (std::size_t i = 0; i < n; ++i) {
    const float updated = sgd_weight(w[i], g[i], *step);
    change += square(updated - w[i]);
    w[i] = updated;
  }
  return change;
}

float sgd_split(std::uint16_t* hi, std::uint16_t* lo, const float* g, std::size_t n, const SgdStep* step) noexcept {
  float change = 0.0f;
  for (std::size_t i = 0; i < n; ++i) {
    const float w = joined(hi[i], lo[i]);
    const float updated = sgd_weight(w, g[i], *step);
    change += square(updated - w);
    split(updated, hi[i], lo[i]);
  }
  return change;
}

float sum_squares_f32(const float* x, std::size_t n) noexcept {
  constexpr std::size_t kLanes = 16;
  float sums[kLanes] = {};
  for (std::size_t i = 0; i < n; ++i) sums[i % kLanes] += square(x[i]);
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

}  // namespace glissade::simd::scalar
