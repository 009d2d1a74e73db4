#include "simd/declare.h"

namespace glissade::simd::scalar {
namespace {

std::uint32_t bits_of(float value) { return __builtin_bit_cast(std::uint32_t, value); }
float float_of(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

bool is_nan(std::uint32_t bits) { return (bits & 0x7fffffffu) > 0x7f800000u; }

// A NaN keeps its upper half and is made quiet: rounding it could carry into infinity or the sign.
std::uint16_t quiet_nan(std::uint32_t bits) { return static_cast<std::uint16_t>(bits >> 16 | 0x40u); }

// The random number of element i under a key: a 32-bit counter through two multiply-xorshift rounds, the key's upper half
// going in between them. Only 32-bit operations, so that every level computes it lane by lane.
std::uint32_t draw(std::uint64_t key, std::uint32_t i) {
  std::uint32_t h = i + static_cast<std::uint32_t>(key);
  h = (h ^ h >> 16) * 0x7feb352du;
  h ^= static_cast<std::uint32_t>(key >> 32);
  h = (h ^ h >> 15) * 0x846ca68bu;
  return h >> 16;
}

std::uint16_t f16_of(float value) {
  constexpr std::uint32_t kLeastNormal = 0x38800000, kOverflow = 0x477ff000;  // 2^-14 and 65,520, halfway to 2^16
  const std::uint32_t bits = bits_of(value), magnitude = bits & 0x7fffffffu;
  std::uint32_t half = 0x7c00;
  if (is_nan(bits)) {
    half |= 0x200u | (magnitude >> 13 & 0x3ffu);
  } else if (magnitude < kLeastNormal) {
    // Around a half floats are 2^-24 apart, as subnormal f16 are.
    half = bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f);
  } else if (magnitude < kOverflow) {
    half = (magnitude + 0xfffu + (magnitude >> 13 & 1u) - (112u << 23)) >> 13;
  }
  return static_cast<std::uint16_t>((bits >> 16 & 0x8000u) | half);
}

}  // namespace

std::uint64_t stochastic_key(std::uint64_t seed) noexcept {
  seed += 0x9e3779b97f4a7c15u;
  seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9u;
  seed = (seed ^ seed >> 27) * 0x94d049bb133111ebu;
  return seed ^ seed >> 31;
}

void narrow_nearest(const float* x, std::uint16_t* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t bits = bits_of(x[i]);
    const std::uint32_t odd = bits >> 16 & 1u;
    y[i] = is_nan(bits) ? quiet_nan(bits) : static_cast<std::uint16_t>((bits + 0x7fffu + odd) >> 16);
  }
}

void scale_narrow(float factor, const float* x, std::uint16_t* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    // y may lie on x: the element goes through memory of its own before it is written.
    const float scaled = factor * x[i];
    narrow_nearest(&scaled, y + i, 1);
  }
}

void scale_f16(float factor, const float* x, std::uint16_t* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint16_t half = f16_of(factor * x[i]);
    y[i] = half;
  }
}

std::uint16_t f16_of_bf16(const std::uint16_t* x, std::uint16_t* y, std::size_t n) noexcept {
  std::uint16_t largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto magnitude = static_cast<std::uint16_t>(x[i] & 0x7fffu);
    if (magnitude > largest) largest = magnitude;
    y[i] = f16_of(float_of(static_cast<std::uint32_t>(x[i]) << 16));
  }
  return largest;
}

void scale_f32(float factor, float* x, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) x[i] *= factor;
}

void narrow_stochastic(const float* x, std::uint16_t* y, std::size_t n, std::uint64_t seed) noexcept {
  const std::uint64_t key = stochastic_key(seed);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t bits = bits_of(x[i]);
    // The sum carries into the upper half for exactly `low half` of the 65,536 draws.
    const std::uint32_t rounded = bits + draw(key, static_cast<std::uint32_t>(i));
    y[i] = is_nan(bits) ? quiet_nan(bits) : static_cast<std::uint16_t>(rounded >> 16);
  }
}

void widen(const std::uint16_t* x, float* y, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] = float_of(static_cast<std::uint32_t>(x[i]) << 16);
}

void split_f32(const float* w, std::uint16_t* hi, std::uint16_t* lo, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t bits = bits_of(w[i]);
    hi[i] = static_cast<std::uint16_t>((bits + 0x8000u) >> 16);
    lo[i] = static_cast<std::uint16_t>(bits);
  }
}

void join_f32(const std::uint16_t* hi, const std::uint16_t* lo, float* w, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const auto low = static_cast<std::uint32_t>(static_cast<std::int16_t>(lo[i]));  // sign-extended
    w[i] = float_of((static_cast<std::uint32_t>(hi[i]) << 16) + low);
  }
}

}  // namespace glissade::simd::scalar
