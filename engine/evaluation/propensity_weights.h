#pragma once

#include <cstdint>
#include <span>

namespace glissade {

/// 1 / propensity of labels: how much one that is found counts in PSP@k.
struct PropensityWeights {
  std::span<const float> propensity = {};  ///< of each label; empty: unknown, and nothing is weighed
  double unseen = 1;                       ///< weight of labels that `propensity` does not reach: ids that training did not know

  bool known() const noexcept { return !propensity.empty(); }
  /// A label with a useless propensity counts as always observed.
  double of(std::uint32_t label) const noexcept {
    if (label >= propensity.size()) return unseen;
    return propensity[label] > 0.f ? 1.0 / static_cast<double>(propensity[label]) : 1.0;
  }
};

}  // namespace glissade
