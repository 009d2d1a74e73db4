#include "engine/words/subsampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "hashing/seeds.h"

namespace glissade {

Subsampling::Subsampling(std::span<const std::uint32_t> counts, double threshold) : limits_(counts.size()) {
  constexpr double kAlways = std::numeric_limits<std::uint32_t>::max();
  double total = 0;
  for (const std::uint32_t count : counts) total += count;
  for (std::size_t word = 0; word < counts.size(); ++word) {
    const double part = threshold > 0 && counts[word] > 0 ? threshold * total / counts[word] : 1;
    const double keep = std::min(1.0, std::sqrt(part) + part);
    limits_[word] = static_cast<std::uint32_t>(keep * kAlways);
    expected_ += keep * counts[word];
  }
}

bool Subsampling::keeps(std::uint32_t word, std::uint64_t seed, std::uint64_t place) const noexcept {
  const std::uint32_t limit = limits_[word];
  return limit == std::numeric_limits<std::uint32_t>::max() || static_cast<std::uint32_t>(hashing::mix(seed ^ place)) < limit;
}

}  // namespace glissade
