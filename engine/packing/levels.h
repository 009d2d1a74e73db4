#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace glissade::packing {

/// Sizes on a logarithmic scale, as bytes: half an octave a step, 1 stands for 2^-32 and below, 0 for zero.
inline std::uint8_t level_of(double size) noexcept {
  if (!(size > 0)) return 0;
  return static_cast<std::uint8_t>(std::clamp(std::lround(2 * std::log2(size)) + 65, 1l, 255l));
}

/// Multiples of a step as a byte and back: 0, -1, 1, -2, 2 .. are 0, 1, 2, 3, 4 ..
inline constexpr int kMostMultiple = 127;
inline std::uint8_t folded(int multiple) noexcept {
  return static_cast<std::uint8_t>(multiple < 0 ? -2 * multiple - 1 : 2 * multiple);
}
inline int unfolded(std::uint8_t symbol) noexcept { return symbol % 2 == 0 ? symbol / 2 : -(symbol + 1) / 2; }

/// The multiple of `step` that stands for `value`. A value below kRounding of the next multiple goes down: small ones are many,
/// and zeros cheap.
inline constexpr float kRounding = 0.6f;
inline int multiple_of(float value, float step) noexcept {
  const float size = std::min(std::abs(value) / step, static_cast<float>(kMostMultiple));
  const int multiple = static_cast<int>(size + (1 - kRounding));
  return value < 0 ? -multiple : multiple;
}
/// Likewise of an entry of a sparse row, where one that is not 0 costs its id beside its value: some ten bits. At equal bytes
/// fewer entries of finer values are worth more, so all below a whole step are 0.
inline int multiple_of_entry(float value, float step) noexcept { return std::abs(value) < step ? 0 : multiple_of(value, step); }

}  // namespace glissade::packing
