#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/candidate_set.h"

namespace glissade {

/// The votes of one sample's neighbours for their labels. One per thread; allocates nothing once its buffers have grown.
class Votes {
 public:
  explicit Votes(std::size_t labels) : vote_of_(labels) {}

  /// Begins a sample.
  void clear();
  /// A neighbour with these labels, which counts as `weight` of them; `likeness` < 0 counts as 0.
  void add(float likeness, float weight, std::span<const std::uint32_t> labels);

  /// Adds the `most` labels with the largest sums of fourth powers.
  void propose(std::size_t most, CandidateSet& candidates);
  void describe(CandidateSet& candidates) const;

 private:
  struct Sums {
    float square = 0, fourth = 0, eighth = 0;  ///< of likenesses to that power
    float likest = 0, count = 0;

    void add(const Sums& vote) noexcept;
  };
  static Sums vote_of_likeness(float likeness, float weight) noexcept;

  /// A sparse set (Briggs and Torczon 1993): the place may be one of an earlier sample, and then another label stands there.
  bool is_voted(std::uint32_t label) const noexcept {
    return vote_of_[label] < voted_.size() && voted_[vote_of_[label]] == label;
  }

  Sums all_;
  std::vector<std::uint32_t> voted_;    ///< labels
  std::vector<Sums> sums_;              ///< beside voted_
  std::vector<float> fourth_;           ///< beside voted_
  std::vector<std::uint32_t> vote_of_;  ///< by label: its place in voted_, if it is there
};

}  // namespace glissade
