#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/candidate_features.h"
#include "engine/communication/row_shards.h"
#include "engine/parameters/array.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// The candidates of samples that were kept apart, with what speaks for each and how much it is wanted.
struct RankingExamples {
  std::vector<CandidateFeatures> features;
  std::vector<std::uint32_t> labels;  ///< which candidates they are
  std::vector<float> targets;         ///< weight of a candidate that is a label of its sample, else 0
  std::vector<std::size_t> ends;      ///< of each sample's candidates
  std::vector<float> weights;         ///< how much each sample counts

  std::size_t begin_of(std::size_t sample) const noexcept { return sample == 0 ? 0 : ends[sample - 1]; }
  std::span<const std::uint32_t> labels_of(std::size_t sample) const noexcept {
    return std::span(labels).subspan(begin_of(sample), ends[sample] - begin_of(sample));
  }
  std::span<CandidateFeatures> features_of(std::size_t sample) noexcept {
    return std::span(features).subspan(begin_of(sample), ends[sample] - begin_of(sample));
  }

  void add(std::span<const CandidateFeatures> candidates, std::span<const std::uint32_t> which, std::span<const float> wanted,
           float weight = 1.f);
  /// Makes room for `samples` in all, by what those so far take on average: growing by doubling would hold everything twice.
  void expect(std::size_t samples);
};

/// The linear ranker's loss at some weights and its derivatives by them: the mean over samples of the cross entropy, and a ridge
/// over the weights in units of the features' deviations.
struct RankingSlope {
  double loss = 0;
  std::array<double, kPathFeatures> gradient{};
  std::array<std::array<double, kPathFeatures>, kPathFeatures> curvature{};
};
RankingSlope ranking_slope_at(const RankingExamples& examples, std::span<const double, kPathFeatures> weights);

/// One weight per feature of the paths: a product of experts (Hinton 2002). Fitted as a softmax regression over each sample's
/// candidates, by Newton's method with a little ridge; few weights, so a few thousand samples settle them, and no more are looked
/// at.
struct LinearRanker {
  Array<float> weights;  ///< [kPathFeatures]; empty before the first fit

  /// Stopped by the monitor, it is not to be used. `shards`: of ranks that have examples each; then it is collective and the same
  /// on all of them, and with an error of the communication not to be used.
  static LinearRanker fit(const RankingExamples& examples, WorkMonitor& monitor = WorkMonitor::silent(),
                          RowShards* shards = nullptr);
  /// Units that a fit usually advances a monitor by.
  static std::uint64_t work(const RankingExamples& examples) noexcept;
  /// Before a fit: the hidden path alone if there is one to speak of.
  static LinearRanker start();
  float score(const CandidateFeatures& features) const noexcept;
};

}  // namespace glissade
