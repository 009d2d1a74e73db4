#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/metrics.h>

namespace glissade {

/// What metrics are means of, summed sample by sample in the order they come: a data set scored in pieces gives the same bits as
/// in one.
class ScoreSums {
 public:
  static constexpr std::size_t kDeepest = kCutoffs.back();
  using Ranks = std::array<double, kDeepest>;  ///< one number per rank

  /// `unseen_weight`: 1 / propensity of labels that `propensity` does not reach (ids that training did not know).
  explicit ScoreSums(double unseen_weight = 1.0);

  /// `predictions` has one row per row of `labels`. What each of them adds is appended to `kept`, if any.
  void add(const Predictions& predictions, const SparseRows& labels, std::span<const float> propensity,
           std::vector<SampleScores>* kept = nullptr);

  Metrics metrics() const noexcept;

 private:
  using Sums = std::array<double, kCutoffs.size()>;

  SampleScores scores_of(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels,
                         std::span<const float> propensity) const;
  void add_sample(const SampleScores& sample) noexcept;

  double weight_of(std::uint32_t label, std::span<const float> propensity) const noexcept;
  Ranks largest_weights(std::span<const std::uint32_t> labels, std::span<const float> propensity) const noexcept;

  Ranks discount_;
  double unseen_weight_;
  std::uint64_t samples_ = 0;
  std::uint64_t unlabelled_ = 0;
  Sums precision_ = {};
  Sums ndcg_ = {};
  Sums weighted_hits_ = {};  ///< 1 / propensity of the true labels found
  Sums weighted_best_ = {};  ///< the same for the best k labels that could have been found
};

}  // namespace glissade
