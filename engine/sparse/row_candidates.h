#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/sparse/feature_index.h"
#include "engine/sparse/feature_weights.h"
#include "engine/sparse/sparse_matrix.h"
#include "engine/work_monitor.h"

namespace glissade {

/// The labels' rows that a training sample has most in common with: what its labels compete with when rows are trained.
struct RowCandidates {
  static constexpr std::size_t kEach = 64;
  static constexpr std::uint32_t kNone = 0xffffffffu;

  std::vector<std::uint32_t> labels;  ///< kEach for each sample, kNone behind the last

  std::span<const std::uint32_t> of(std::size_t place) const noexcept { return std::span(labels).subspan(place * kEach, kEach); }
};

/// `samples` of `data`; `index` of `rows`; a query reads `budget` of its entries. The monitor, which has begun the activity, is
/// advanced by the samples; stopped, the result is incomplete.
RowCandidates find_row_candidates(const DatasetView& data, std::span<const std::uint32_t> samples, const FeatureWeights& weights,
                                  const SparseMatrix& rows, const FeatureIndex& index, std::size_t budget,
                                  WorkMonitor& monitor = WorkMonitor::silent());

/// A sample spread over all features, as the sparse paths see it. One per thread.
class SpreadSample {
 public:
  /// The one before is taken back.
  void put(const FeatureWeights& weights, std::span<const std::uint32_t> ids, std::span<const float> values);
  const float* data() const noexcept { return dense_.data(); }
  std::span<const std::uint32_t> ids() const noexcept { return ids_; }
  std::span<const float> values() const noexcept { return weighted_; }

 private:
  std::vector<float> dense_, weighted_;
  std::vector<std::uint32_t> ids_;
};

}  // namespace glissade
