#pragma once

#include <cstdint>

#include <glissade/views.h>

#include "engine/sparse/feature_weights.h"
#include "engine/sparse/sparse_matrix.h"

namespace glissade {

/// The label's samples, as they are weighted, added up: its row is the `fan_in` largest entries of the sum, scaled by
/// (samples + 1)^kCommonness / length of the whole sum, so that a label seen often is a little ahead.
struct LabelRows {
  static constexpr double kCommonness = 0.1;

  SparseMatrix rows;
  Array<float> lengths;  ///< of the whole sum, one per label; 0 where a label has no sample
};

LabelRows label_rows(const DatasetView& data, const FeatureWeights& weights, std::uint32_t fan_in);

/// What the row of a label with `count` samples is multiplied by.
float label_scale(std::uint32_t count, float length) noexcept;

}  // namespace glissade
