#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <glissade/metrics.h>

#include "engine/evaluation/answered_labels.h"
#include "engine/evaluation/propensity_weights.h"
#include "engine/evaluation/row_scores.h"
#include "engine/evaluation/score_sums.h"

namespace glissade {

/// All that an evaluation counts, piece by piece of its samples.
class Scorer {
 public:
  /// `known` and `options` must outlive it.
  Scorer(const KnownLabels& known, const EvaluateOptions& options);

  /// Labels that predictions need per sample.
  std::uint32_t depth() const noexcept { return depth_; }
  void add(const Predictions& predictions, const SparseRows& labels);
  /// Puts everything but times and shares of candidates into `out`. The last call.
  void finish(Evaluation& out);

 private:
  const EvaluateOptions& options_;
  std::uint32_t depth_;
  std::vector<float> propensity_;
  PropensityWeights weights_;
  ScoreSums sums_;
  AnsweredLabels answered_;
  std::shared_ptr<RowScores> rows_;
  std::vector<SampleScores> samples_;
};

/// Error unless there are as many rows of labels, and one at least has one, and the cut-offs are from 1 to 1000.
Result<void> check_scored(std::size_t rows, const SparseRows& labels, std::span<const std::uint32_t> cutoffs);

/// Rows first .. first + count - 1 of `rows`; offsets stay positions in the same ids.
inline SparseRows slice(const SparseRows& rows, std::size_t first, std::size_t count) noexcept {
  return {rows.offsets.subspan(first, count + 1), rows.ids, rows.values};
}

}  // namespace glissade
