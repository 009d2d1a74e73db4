#pragma once

#include <algorithm>
#include <cstddef>

namespace glissade {

/// Samples of a pass that are kept out of training, to fit the rankers on: a share, but no more than about 10,000.
inline double share_kept_for_ranking(double samples) noexcept {
  constexpr double kMostSamples = 10'000, kMostShare = 0.03;
  return std::min(kMostShare, kMostSamples / std::max(1.0, samples));
}

/// So many of them are searched at a time.
inline constexpr std::size_t kKeptAtOnce = 1024;

}  // namespace glissade
