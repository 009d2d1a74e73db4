#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <glissade/config.h>
#include <glissade/views.h>

#include "engine/candidates/feature_index.h"
#include "engine/candidates/feature_weights.h"
#include "engine/candidates/sparse_matrix.h"
#include "engine/progress/work_monitor.h"
#include "engine/ranking/blend.h"
#include "engine/ranking/ranker.h"

namespace glissade {

/// What a model knows straight over the input features, beside its hidden layers: a sparse row per label (`fan_in`), and the
/// training samples themselves, whose labels vote for a sample like them (`neighbours`; an interpolation as in kNN-LM, Khandelwal
/// et al. 2020). Both are built in one pass over the data, no gradient step needed. The hidden path generalises, these two
/// remember; `blend` weighs what they say, and `ranker` judges it together with which labels share samples (`co_labels`).
struct SparsePaths {
  FeatureWeights weights;         ///< of samples before the labels' rows
  FeatureWeights sample_weights;  ///< of samples before each other
  SparseMatrix labels;            ///< one row per label; empty without fan_in
  SparseMatrix samples;           ///< one row per training sample; empty without neighbours
  Array<std::uint64_t> sample_label_begins;
  Array<std::uint32_t> sample_labels;
  SparseMatrix co_labels;  ///< one row per label, over labels; empty without co-labels
  FeatureIndex label_index;
  FeatureIndex sample_index;
  Blend blend;
  Ranker ranker;

  bool empty() const noexcept { return labels.empty() && samples.empty(); }
  std::size_t memory_bytes() const noexcept;
  /// What keeps these arrays from being whole sparse paths of a model of that shape; empty if nothing does. For what was read.
  std::string_view defect(const Shape& shape) const noexcept;
  /// For models from before weights were learned, which have one weighting for both.
  void share_weights();
  /// The inverted indexes, of the matrices.
  void index(std::size_t features);
};

/// `samples`: those that the labels' rows are made from, ascending; the memory has all. `data` has the model's counts. Stopped by
/// the monitor, the result is not to be used.
SparsePaths build_sparse_paths(const Config& config, const DatasetView& data, std::span<const std::uint32_t> samples,
                               WorkMonitor& monitor = WorkMonitor::silent());

/// The labels of a sample of the memory.
inline std::span<const std::uint32_t> labels_of(const SparsePaths& paths, std::uint32_t sample) noexcept {
  return std::span(paths.sample_labels.data(), paths.sample_labels.size())
      .subspan(paths.sample_label_begins[sample], paths.sample_label_begins[sample + 1] - paths.sample_label_begins[sample]);
}

}  // namespace glissade
