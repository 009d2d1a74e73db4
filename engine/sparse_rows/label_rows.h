#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/candidates/feature_weights.h"
#include "engine/candidates/sparse_matrix.h"
#include "engine/communication/shared_work.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// The label's samples, as they are weighted, added up: its row is the `fan_in` largest entries of the sum, scaled by
/// (samples + 1)^kCommonness / length of the whole sum, so that a label seen often is a little ahead.
struct LabelRows {
  static constexpr double kCommonness = 0.1;

  SparseMatrix rows;
  std::vector<float> lengths;         ///< of the whole sum, one per label; 0 where a label has no sample
  std::vector<std::uint32_t> counts;  ///< samples of each label
};

/// `chosen`: the samples of `data` to take, ascending. The monitor, which has begun the activity, is advanced by one for each of
/// label_blocks() blocks of labels; stopped, the result is empty. Ranks share the
/// blocks.
LabelRows label_rows(const DatasetView& data, std::span<const std::uint32_t> chosen, const FeatureWeights& weights,
                     std::uint32_t fan_in, WorkMonitor& monitor = WorkMonitor::silent(), SharedWork& work = SharedWork::alone());
std::size_t label_blocks(std::size_t labels) noexcept;

/// The product `direct` of a sample with the row of one of its labels, had the sample not been among the `count` that the row was
/// made from: its part goes out of the sum, of the sum's length and of the count. `own`: the sample's squares at the row's
/// features.
float without_sample(float direct, float own, std::uint32_t count, float length) noexcept;

/// The factor that makes a row of the sum without one of its samples; 0 if hardly anything is left. `product`: of the
/// sample with the whole sum.
float scale_without(std::uint32_t count, float length, float product) noexcept;

/// What the row of a label with `count` samples is multiplied by.
float label_scale(std::uint32_t count, float length) noexcept;

}  // namespace glissade
