#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/metrics.h>

#include "engine/evaluation/propensity_weights.h"

namespace glissade {

/// What each labelled sample scores at each cut-off, kept for means, for how sure these are, and for comparisons.
class RowScores {
 public:
  /// `cutoffs` in any order, each at least 1.
  explicit RowScores(std::vector<std::uint32_t> cutoffs);

  /// `predictions` has one row per row of `labels`. Samples without labels count for nothing.
  void add(const Predictions& predictions, const SparseRows& labels, const PropensityWeights& weights = {});

  /// Means at each cut-off, in their order; with 95 % intervals if `intervals`, see EvaluateOptions. Coverage is not among them.
  std::vector<CutoffMetrics> metrics(bool intervals) const;

  /// What the samples score more than those of `other`, which must be as many, at the same cut-offs. Its PSP@k is weighed by the
  /// best that `other` could reach.
  RowScores minus(const RowScores& other) const;

  const std::vector<std::uint32_t>& cutoffs() const noexcept { return cutoffs_; }
  std::size_t rows() const noexcept { return width() == 0 ? 0 : scores_.size() / width(); }
  /// P@k of a labelled sample at the first cut-off.
  float first_precision(std::size_t row) const noexcept { return scores_[row * width() + precision]; }

 private:
  enum Column : std::size_t { precision, recall, hit_rate, ndcg, f1, mrr, psp_found, psp_best, kColumns };
  struct Hit {
    std::size_t rank;
    double weight;
  };

  std::size_t width() const noexcept { return cutoffs_.size() * kColumns; }
  void add_sample(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels,
                  const PropensityWeights& weights);
  void find_hits(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels,
                 const PropensityWeights& weights);
  void finish(std::span<double> sums, double samples) const;
  std::vector<double> means() const;
  std::uint64_t draw(std::uint64_t seed, std::span<double> sums) const;
  void resample(std::uint64_t number, std::span<double> means) const;

  std::vector<std::uint32_t> cutoffs_;
  std::vector<double> discount_;  ///< 1 / log2(rank + 2)
  std::vector<double> ideal_;     ///< sums of the first 0, 1, 2 ... discounts
  std::vector<float> scores_;     ///< row-major, kColumns per cut-off
  std::vector<Hit> hits_;         ///< of the sample at hand, by rank
  std::vector<double> best_;      ///< sums of its 0, 1, 2 ... largest weights
};

}  // namespace glissade
