#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/batches/label_share.h"
#include "engine/candidates/extra_rows.h"
#include "engine/candidates/sparse_matrix.h"
#include "engine/communication/shared_work.h"
#include "engine/progress/work_monitor.h"
#include "engine/ranking/linear_ranker.h"
#include "hashing/query.h"

namespace glissade {

/// Which labels share samples: row l holds the `most` largest of P(m | l) = samples with both / samples with l, m != l.
/// `chosen`: the samples of the data to look at. The monitor, which has begun the activity, is advanced by the labels; stopped,
/// the result is empty. Ranks share the work out with `work`; where they share the labels out, each has the rows of its own.
SparseMatrix co_labels(const LabelShare& data, std::span<const std::uint32_t> chosen, std::uint32_t most,
                       WorkMonitor& monitor = WorkMonitor::silent(), SharedWork& work = SharedWork::alone());

/// Rows of co-labels: one per label, or those of some labels alone.
class CoLabelRows {
 public:
  /// Of all labels. Both must outlive it.
  explicit CoLabelRows(const SparseMatrix& rows) noexcept : rows_(rows) {}
  /// Row i is of labels[i], ascending.
  CoLabelRows(const SparseMatrix& rows, std::span<const std::uint32_t> labels) noexcept
      : rows_(rows), labels_(labels), some_(true) {}

  /// Without entries if there is none.
  SparseRowView of(std::uint32_t label) const noexcept;

 private:
  const SparseMatrix& rows_;
  std::span<const std::uint32_t> labels_;
  bool some_ = false;
};

/// The features of a sample's candidates that come from co-labels. One per thread; allocates nothing once its buffers have grown.
class CoLabelFeatures {
 public:
  explicit CoLabelFeatures(std::size_t labels) : is_candidate_(labels), place_(labels) {}

  /// The likeliest candidates by `linear` speak for those that they share samples with: a candidate m gets
  /// sum over l of P(l) P(m | l). `labels` and `features` are the candidates' and of the same size.
  void fill(const CoLabelRows& co_labels, const LinearRanker& linear, std::span<const std::uint32_t> labels,
            std::span<CandidateFeatures> features);
  /// Appends the labels whose rows fill() asks for.
  void speakers(const LinearRanker& linear, std::span<const std::uint32_t> labels, std::span<const CandidateFeatures> features,
                std::vector<std::uint32_t>& out);

 private:
  std::size_t choose_speakers(const LinearRanker& linear, std::span<const CandidateFeatures> features);

  hashing::StampSet is_candidate_;
  std::vector<std::uint32_t> place_, best_;
  std::vector<float> scores_, best_scores_;
};

}  // namespace glissade
