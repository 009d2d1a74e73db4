#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/dataset.h"

namespace glissade::datasets {

/// Leaves the entries with ids from `limit` on out of rows in CSR form, in place: `offsets` (rows + 1, from 0) and both arrays
/// shrink. Ids of a row ascend. Returns how many entries were left out.
std::uint64_t drop_features(std::span<std::uint64_t> offsets, std::vector<std::uint32_t>& ids, std::vector<float>& values,
                            std::uint32_t limit);

/// A data set without the features that a model of `features` features does not know.
struct Known {
  Dataset data;
  std::uint64_t left_out = 0;  ///< entries
};

/// Returns `data` itself where it has no more features than `features`, and where it has, one whose feature_count is `features`:
/// its features are then a copy in memory, its labels are still those of `data`, which it keeps alive.
Known with_known_features(Dataset data, std::uint32_t features);

/// Entries of `labels` with ids from `limit` on.
std::uint64_t count_labels_from(const DatasetView& data, std::uint32_t limit) noexcept;

}  // namespace glissade::datasets
