#pragma once

#include <cstdint>
#include <vector>

#include "engine/ranking/candidate_search.h"
#include "engine/ranking/linear_ranker.h"

namespace glissade {

/// The candidates of the last so many events, as the paths saw them before they learned from these: what rankers may be fitted
/// on.
class RecentExamples {
 public:
  explicit RecentExamples(std::size_t most) : most_(most) {}

  struct Example {
    std::vector<CandidateFeatures> features;
    std::vector<std::uint32_t> labels;
    std::vector<float> targets;
    std::uint32_t wanted = 0;  ///< labels that the event has, candidates or not
  };
  /// Forgets the oldest one where there is no room.
  void add(Example example);
  std::size_t size() const noexcept { return all_.size(); }
  std::size_t most() const noexcept { return most_; }

  RankingExamples examples() const;
  /// How many labels each one's event has.
  std::vector<std::uint32_t> wanted() const;

 private:
  std::size_t most_, next_ = 0;
  std::vector<Example> all_;
};

/// What `found` says of a sample with these labels.
RecentExamples::Example example_of(const CandidateSearch& found, std::span<const std::uint32_t> labels);

}  // namespace glissade
