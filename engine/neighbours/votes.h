#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidates/candidate_set.h"
#include "hashing/query.h"

namespace glissade {

/// The votes of one sample's neighbours for their labels. One per thread; allocates nothing once its buffers have grown.
class Votes {
 public:
  explicit Votes(std::size_t labels) : is_voted_(labels), vote_of_(labels) {}

  /// Begins a sample.
  void clear();
  /// A neighbour with these labels; `likeness` < 0 counts as 0.
  void add(float likeness, std::span<const std::uint32_t> labels);

  /// Adds the `most` labels with the largest sums of fourth powers.
  void propose(std::size_t most, CandidateSet& candidates);
  void describe(CandidateSet& candidates) const;

 private:
  struct Sums {
    float square = 0, fourth = 0, eighth = 0;  ///< of likenesses to that power
    float likest = 0, count = 0;

    void add(float likeness) noexcept;
  };

  Sums all_;
  std::vector<std::uint32_t> voted_;  ///< labels
  std::vector<Sums> sums_;            ///< beside voted_
  std::vector<float> fourth_;         ///< beside voted_
  hashing::StampSet is_voted_;
  std::vector<std::uint32_t> vote_of_;  ///< by label: its place in voted_
};

}  // namespace glissade
