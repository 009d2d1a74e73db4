#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/candidates/sparse_matrix.h"
#include "engine/communication/shared_work.h"
#include "engine/progress/work_monitor.h"
#include "engine/ranking/linear_ranker.h"
#include "hashing/query.h"

namespace glissade {

/// Which labels share samples: row l holds the `most` largest of P(m | l) = samples with both / samples with l, m != l.
/// `chosen`: the samples of `data` to look at. The monitor, which has begun the activity, is advanced by the labels; stopped, the
/// result is empty. Ranks share the labels out.
SparseMatrix co_labels(const DatasetView& data, std::span<const std::uint32_t> chosen, std::uint32_t most,
                       WorkMonitor& monitor = WorkMonitor::silent(), SharedWork& work = SharedWork::alone());

/// The features of a sample's candidates that come from co-labels. One per thread; allocates nothing once its buffers have grown.
class CoLabelFeatures {
 public:
  explicit CoLabelFeatures(std::size_t labels) : is_candidate_(labels), place_(labels) {}

  /// The likeliest candidates by `linear` speak for those that they share samples with: a candidate m gets
  /// sum over l of P(l) P(m | l). `labels` and `features` are the candidates' and of the same size.
  void fill(const SparseMatrix& co_labels, const LinearRanker& linear, std::span<const std::uint32_t> labels,
            std::span<CandidateFeatures> features);

 private:
  hashing::StampSet is_candidate_;
  std::vector<std::uint32_t> place_, best_;
  std::vector<float> scores_, best_scores_;
};

}  // namespace glissade
