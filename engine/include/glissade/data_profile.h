#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/config.h>
#include <glissade/outsized_features.h>
#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// What the values of features are, as far as the rows that were looked at tell. Outsized features are left out of account.
enum class ValueKind {
  binary,      ///< all 1
  counts,      ///< whole numbers from 0 on, some above 1
  normalised,  ///< the rows have L2 length 1: weighted already
  real,        ///< anything else
};

/// What can be seen of a data set before anything is trained on it.
struct DataProfile {
  std::uint64_t rows = 0;
  std::uint64_t rows_looked_at = 0;  ///< for the kind of values: some, spread evenly over all
  ValueKind values = ValueKind::binary;
  bool negative = false;                  ///< some value is below 0
  std::vector<OutsizedFeature> outsized;  ///< columns of another scale, the largest first
};

/// Looks at `data`, which must be legal (Trainer::train_epoch checks that). A function of the rows and their order. Rows are
/// released to `pager` (if any) as they have been looked at. Costs a parallel pass over the values, less than a second for a
/// million rows. Throws std::bad_alloc.
DataProfile profile(const DatasetView& data, const RowPager* pager = nullptr);

/// The weighting that suits the data, never `automatic`, and why in one sentence without a full stop.
struct WeightingChoice {
  FeatureWeighting weighting = FeatureWeighting::given;
  std::string reason;
};
WeightingChoice choose_weighting(const DataProfile& profile);

}  // namespace glissade
