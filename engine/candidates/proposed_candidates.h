#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/candidate_features.h"

namespace glissade {

/// Candidates of several samples, and what is said of them.
struct ProposedCandidates {
  std::vector<std::uint64_t> offsets = {0};  ///< of each sample the first of its candidates, then their number
  std::vector<std::uint32_t> labels;
  std::vector<CandidateFeatures> features;
  std::vector<float> scores;  ///< the ranker's; empty: not asked for

  std::size_t samples() const noexcept { return offsets.size() - 1; }
  std::span<const std::uint32_t> labels_of(std::size_t sample) const noexcept {
    return std::span(labels).subspan(offsets[sample], offsets[sample + 1] - offsets[sample]);
  }
  std::span<const CandidateFeatures> features_of(std::size_t sample) const noexcept {
    return std::span(features).subspan(offsets[sample], offsets[sample + 1] - offsets[sample]);
  }
  /// Calls use(array) for each.
  template <class Use>
  static void for_each_array(ProposedCandidates& one, const Use& use) {
    use(one.offsets);
    use(one.labels);
    use(one.features);
    use(one.scores);
  }
  std::span<const float> scores_of(std::size_t sample) const noexcept {
    return scores.empty() ? std::span<const float>()
                          : std::span(scores).subspan(offsets[sample], offsets[sample + 1] - offsets[sample]);
  }
  void clear() noexcept {
    offsets.resize(1);
    labels.clear();
    features.clear();
    scores.clear();
  }
  /// One more sample.
  void add(std::span<const std::uint32_t> its_labels, std::span<const CandidateFeatures> its_features) {
    labels.insert(labels.end(), its_labels.begin(), its_labels.end());
    features.insert(features.end(), its_features.begin(), its_features.end());
    offsets.push_back(labels.size());
  }
  /// The samples of another one.
  void add(const ProposedCandidates& others) {
    for (std::size_t i = 0; i < others.samples(); ++i) add(others.labels_of(i), others.features_of(i));
    scores.insert(scores.end(), others.scores.begin(), others.scores.end());
  }
};

}  // namespace glissade
