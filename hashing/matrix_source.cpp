#include "hashing/matrix_source.h"

#include <algorithm>
#include <cassert>

namespace glissade::hashing {

void MatrixSource::load(std::span<const std::uint32_t> ids, float* block) const noexcept {
  assert(ids.size() <= kLanes);
  const std::size_t dimension = width_ + (biases_ != nullptr ? 1 : 0);
  if (ids.size() < kLanes) std::fill_n(block, dimension * kLanes, 0.f);
  for (std::size_t lane = 0; lane < ids.size(); ++lane) {
    const float* row = values_ + ids[lane] * stride_;
    for (std::size_t d = 0; d < width_; ++d) block[d * kLanes + lane] = row[d];
    if (biases_ != nullptr) block[width_ * kLanes + lane] = biases_[ids[lane]];
  }
}

}  // namespace glissade::hashing
