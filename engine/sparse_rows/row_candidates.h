#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/candidates/feature_index.h"
#include "engine/candidates/feature_weights.h"
#include "engine/candidates/sparse_matrix.h"
#include "engine/communication/row_owners.h"
#include "engine/communication/shared_work.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// The labels' rows that a training sample has most in common with: what its labels compete with when rows are trained.
struct RowCandidates {
  static constexpr std::size_t kEach = 64;
  static constexpr std::uint32_t kNone = 0xffffffffu;

  std::vector<std::uint32_t> labels;  ///< `each` for each sample, kNone behind the last
  std::size_t each = kEach;           ///< fewer where other ranks have other labels

  std::span<const std::uint32_t> of(std::size_t place) const noexcept { return std::span(labels).subspan(place * each, each); }
};

/// `samples` of `data`; `index` of `rows`; a query reads `budget` of its entries. The monitor, which has begun the activity, is
/// advanced by the samples; stopped, the result is incomplete. Ranks share the samples out with `work`. Where they share the rows
/// out, each finds its part of kEach among its own, those of `owners`: together about the best of all.
RowCandidates find_row_candidates(const DatasetView& data, std::span<const std::uint32_t> samples, const FeatureWeights& weights,
                                  const SparseMatrix& rows, const FeatureIndex& index, std::size_t budget,
                                  WorkMonitor& monitor = WorkMonitor::silent(), SharedWork& work = SharedWork::alone(),
                                  const RowOwners& owners = {});

}  // namespace glissade
