#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/candidate_features.h"
#include "hashing/query.h"

namespace glissade {

/// The candidate labels of one sample, each once, in the order in which they were added, and their features. One per thread;
/// allocates nothing once its buffers have grown.
class CandidateSet {
 public:
  /// `labels`: how many the model has.
  explicit CandidateSet(std::size_t labels) : taken_(labels) {}

  /// Begins a sample.
  void clear() {
    labels_.clear();
    taken_.clear();
  }
  /// A label that may be no candidate of the sample.
  void exclude(std::uint32_t label) { taken_.insert(label); }
  void add(std::uint32_t label) {
    if (taken_.insert(label)) labels_.push_back(label);
  }
  /// Adds the `most` of `labels` with the largest scores, best first; scores[i] is of labels[i].
  void add_best(std::span<const std::uint32_t> labels, std::span<const float> scores, std::size_t most);

  /// In the place of adding and describing: what another search has found.
  void take(std::span<const std::uint32_t> labels, std::span<const CandidateFeatures> features) {
    for (const std::uint32_t label : labels) add(label);
    features_.assign(features.begin(), features.end());
  }

  /// No label is added from here on: all features of all labels are 0, to be filled in.
  void begin_features() { features_.assign(labels_.size(), CandidateFeatures{}); }

  const std::vector<std::uint32_t>& labels() const noexcept { return labels_; }
  /// features()[i] are of labels()[i].
  std::vector<CandidateFeatures>& features() noexcept { return features_; }
  const std::vector<CandidateFeatures>& features() const noexcept { return features_; }
  /// Whether a label was added or excluded.
  bool is_taken(std::uint32_t label) const noexcept { return taken_.contains(label); }

 private:
  std::vector<std::uint32_t> labels_, best_;
  std::vector<float> best_scores_;
  std::vector<CandidateFeatures> features_;
  hashing::StampSet taken_;
};

}  // namespace glissade
