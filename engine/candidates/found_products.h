#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/feature_index.h"
#include "engine/candidates/sparse_matrix.h"
#include "engine/candidates/spread_sample.h"

namespace glissade {

/// The products of a sample with the rows that an index has found for it. Those are the index's sums but for the lists that it
/// has not read: where these are few they are looked up in the rows, otherwise whole rows are gone through. One per thread.
class FoundProducts {
 public:
  /// `found` by the sample in the index of `rows`, less what was dropped since. Holds until the next call.
  std::span<const float> of(const FeatureIndex::Scratch& found, const SpreadSample& sample, const SparseMatrix& rows);

 private:
  std::vector<float> products_, values_;
  std::vector<std::uint32_t> ids_;
};

}  // namespace glissade
