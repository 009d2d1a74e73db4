#include "hashing/lift.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "hashing/family.h"

namespace glissade::hashing {
namespace {

/// Where a projection's signs cancel, short rows would be told apart by nothing but their own small coordinates; weights that are
/// not equal hardly ever cancel.
constexpr double weight(std::size_t j) noexcept { return static_cast<double>(j + 8); }

constexpr double kSquares = [] {
  double sum = 0;
  for (std::size_t j = 0; j < kLiftCoordinates; ++j) sum += weight(j) * weight(j);
  return sum;
}();

}  // namespace

void lift(float* block, std::size_t dimension, std::size_t lanes, float longest) noexcept {
  assert(lanes <= kLanes);
  double square[kLanes] = {};
  for (std::size_t d = 0; d < dimension; ++d)
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      square[lane] += static_cast<double>(block[d * kLanes + lane]) * block[d * kLanes + lane];
  double added[kLanes] = {};
  const double all = static_cast<double>(longest) * longest;
  for (std::size_t lane = 0; lane < lanes; ++lane) added[lane] = std::sqrt(std::max(0.0, all - square[lane]) / kSquares);
  for (std::size_t j = 0; j < kLiftCoordinates; ++j)
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      block[(dimension + j) * kLanes + lane] = static_cast<float>(weight(j) * added[lane]);
}

}  // namespace glissade::hashing
