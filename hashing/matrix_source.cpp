#include "hashing/matrix_source.h"

#include <cassert>

namespace glissade::hashing {

void MatrixSource::load(std::span<const std::uint32_t> ids, float* block) const noexcept {
  assert(ids.size() <= kLanes);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (lane < ids.size()) {
      const float* row = values_ + ids[lane] * stride_;
      for (std::size_t d = 0; d < width_; ++d) block[d * kLanes + lane] = row[d];
      if (biases_ != nullptr) block[width_ * kLanes + lane] = biases_[ids[lane]];
    } else {
      const std::size_t dimension = width_ + (biases_ != nullptr ? 1 : 0);
      for (std::size_t d = 0; d < dimension; ++d) block[d * kLanes + lane] = 0.f;
    }
  }
}

}  // namespace glissade::hashing
