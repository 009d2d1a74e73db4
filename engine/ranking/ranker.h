#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/parameters/array.h"
#include "engine/ranking/linear_ranker.h"
#include "engine/ranking/rank_net.h"

namespace glissade {

/// The derivatives by the scores z of one sample's loss, `weight` times the sum over its labels of
/// targets * -log(exp z / (exp z + those of all that are no labels, with target 0)).
void differentiate_ranking(std::span<const float> z, std::span<const float> targets, float weight, float* by_score);

/// What the linear ranker cannot say with one weight per feature: a small network (rank_net.h) over all features, each less its
/// mean and over its deviation, of which the linear ranker is the start.
///
/// Trained on all candidates of the examples that the linear ranker is fitted to, each label of a sample against the candidates
/// that are no labels of it. Candidates are never left out by whether they are labels: a network that only meets unlikely
/// candidates where they are labels learns that the unlikely are.
class Ranker {
 public:
  /// Floats in `weights`: mean and 1 / deviation of each feature, then the network's, which begin with one of each feature.
  /// Where names say nothing, their features are left out of all three, as in files from before names counted.
  static constexpr std::size_t kSize = 2 * kCandidateFeatures + RankNet::kSize;
  static constexpr std::size_t kSizeWithoutNames = kSize - 3 * kNameFeatures;

  Array<float> weights;  ///< [kSize] or [kSizeWithoutNames]; empty before the first fit

  /// `linear` was fitted to the same examples. Sums are taken in a fixed order: the result does not depend on the threads.
  /// Stopped by the monitor, it is not to be used. `before`: where it is not empty, its network and its means and deviations are
  /// the start instead; so a few examples change what many had said. `shards`: as LinearRanker::fit() has it.
  static Ranker fit(const RankingExamples& examples, const LinearRanker& linear, std::uint64_t seed,
                    WorkMonitor& monitor = WorkMonitor::silent(), const Ranker& before = {}, RowShards* shards = nullptr);

  bool empty() const noexcept { return weights.empty(); }
  /// The features of an average candidate of the examples; names' are 0 where they are left out. Not of an empty one.
  CandidateFeatures average() const noexcept;
  /// scores[c] of each candidate's features. Allocates nothing once `pass` has grown.
  void score(std::span<const CandidateFeatures> features, RankPass& pass, float* scores) const;
};

}  // namespace glissade
