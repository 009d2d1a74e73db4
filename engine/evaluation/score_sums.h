#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <glissade/metrics.h>

namespace glissade {

/// What metrics are means of, summed sample by sample in the order they come: a data set scored in pieces gives the same bits as
/// in one.
class ScoreSums {
 public:
  static constexpr std::size_t kDeepest = kCutoffs.back();
  using Ranks = std::array<double, kDeepest>;  ///< one number per rank

  ScoreSums();

  /// `predictions` has one row per row of `labels`.
  void add(const Predictions& predictions, const SparseRows& labels, std::span<const float> propensity);

  Metrics metrics() const noexcept;

 private:
  using Sums = std::array<double, kCutoffs.size()>;

  void add_sample(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels,
                  std::span<const float> propensity);

  Ranks discount_;
  std::uint64_t samples_ = 0;
  std::uint64_t unlabelled_ = 0;
  Sums precision_ = {};
  Sums ndcg_ = {};
  Sums weighted_hits_ = {};  ///< 1 / propensity of the true labels found
  Sums weighted_best_ = {};  ///< the same for the best k labels that could have been found
};

}  // namespace glissade
