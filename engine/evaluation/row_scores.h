#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/metrics.h>

namespace glissade {

/// What each labelled sample scores at each cut-off, kept for means and for how sure these are.
class RowScores {
 public:
  /// `cutoffs` in any order, each at least 1.
  explicit RowScores(std::vector<std::uint32_t> cutoffs);

  /// `predictions` has one row per row of `labels`. Samples without labels count for nothing.
  void add(const Predictions& predictions, const SparseRows& labels);

  /// Means at each cut-off, in their order; with 95 % intervals if `intervals`, see EvaluateOptions.
  std::vector<CutoffMetrics> metrics(bool intervals) const;

 private:
  enum Column : std::size_t { precision, recall, hit_rate, ndcg, kColumns };

  std::size_t width() const noexcept { return cutoffs_.size() * kColumns; }
  std::size_t rows() const noexcept { return width() == 0 ? 0 : scores_.size() / width(); }
  void add_sample(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels);
  std::vector<double> means() const;
  std::uint64_t draw(std::uint64_t seed, std::span<double> sums) const;
  void resample(std::uint64_t number, std::span<double> means) const;

  std::vector<std::uint32_t> cutoffs_;
  std::vector<double> discount_;  ///< 1 / log2(rank + 2)
  std::vector<float> scores_;     ///< row-major, kColumns per cut-off
};

}  // namespace glissade
