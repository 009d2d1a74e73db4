#include "engine/pruning/fixed_order.h"

#include <cmath>

namespace glissade::pruning {
namespace {

/// Chosen by hand from what steps cost on rows held out of wordnet-related, tate-subjects, gowalla and yso-finna-en. What they
/// cost on test sets is in bench/RESULTS.md.
constexpr std::array<double, PruneMix::kParts> kUsual = {1.0, 1.3, 1.3, 1.6, 2.6};
/// Of a weight in the file: sparse ones have an id beside them.
constexpr std::array<double, PruneMix::kParts> kBytes = {2, 2, 6, 6, 6};

}  // namespace

PruneMix fixed_mix(const std::array<std::uint64_t, PruneMix::kParts>& weights, double level) noexcept {
  double all = 0;
  for (std::size_t i = 0; i < PruneMix::kParts; ++i) all += kBytes[i] * static_cast<double>(weights[i]);
  PruneMix mix;
  for (std::size_t i = 0; i < PruneMix::kParts; ++i) {
    const double share = all > 0 ? kBytes[i] * static_cast<double>(weights[i]) / all : 0;
    mix.steps[i] = level * kUsual[i] * std::sqrt(share);
  }
  return mix;
}

}  // namespace glissade::pruning
