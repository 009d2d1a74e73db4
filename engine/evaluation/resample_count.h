#pragma once

#include <array>
#include <cstdint>

namespace glissade {

/// How often something is drawn into a resample of a bootstrap: Poisson with mean 1, from 16 random bits. The counts of a
/// multinomial bootstrap are nearly independent Poisson numbers.
inline std::uint32_t resample_count(std::uint64_t bits) noexcept {
  constexpr std::array<std::uint32_t, 7> kBounds = {24109, 48219, 60273, 64292, 65296, 65497, 65531};  // 65,536 * P(count <= i)
  const auto draw = static_cast<std::uint32_t>(bits & 0xffffu);
  std::uint32_t count = 0;
  for (const std::uint32_t bound : kBounds) count += draw >= bound ? 1u : 0u;
  return count;
}

}  // namespace glissade
