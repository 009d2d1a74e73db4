#include "engine/neighbours/votes.h"

#include <algorithm>
#include <cmath>

namespace glissade {

void Votes::Sums::add(const Sums& vote) noexcept {
  square += vote.square;
  fourth += vote.fourth;
  eighth += vote.eighth;
  likest = std::max(likest, vote.likest);
  count += vote.count;
}

Votes::Sums Votes::vote_of_likeness(float likeness, float weight) noexcept {
  const float squared = likeness * likeness, to_fourth = squared * squared;
  return {weight * squared, weight * to_fourth, weight * (to_fourth * to_fourth), likeness, weight};
}

void Votes::clear() {
  all_ = {};
  voted_.clear();
  sums_.clear();
}

void Votes::add(float likeness, float weight, std::span<const std::uint32_t> labels) {
  const Sums vote = vote_of_likeness(std::max(0.f, likeness), weight);
  all_.add(vote);
  for (const std::uint32_t label : labels) {
    if (is_voted(label)) {
      sums_[vote_of_[label]].add(vote);
      continue;
    }
    vote_of_[label] = static_cast<std::uint32_t>(voted_.size());
    voted_.push_back(label);
    sums_.push_back(vote);
  }
}

void Votes::propose(std::size_t most, CandidateSet& candidates) {
  fourth_.resize(sums_.size());
  for (std::size_t i = 0; i < sums_.size(); ++i) fourth_[i] = sums_[i].fourth;
  candidates.add_best(voted_, fourth_, most);
}

void Votes::describe(CandidateSet& candidates) const {
  constexpr float kLeastVotes = 1e-3f;
  const auto share = [](float part, float all) { return all > 0 ? part / all : 0.f; };
  const float log_of_none = std::log(kLeastVotes);
  for (std::size_t c = 0; c < candidates.labels().size(); ++c) {
    const std::uint32_t label = candidates.labels()[c];
    CandidateFeatures& features = candidates.features()[c];
    features[CandidateFeature::log_votes] = log_of_none;
    features[CandidateFeature::best_likeness] = all_.likest;
    if (!is_voted(label)) continue;  // all else is 0
    const Sums& sums = sums_[vote_of_[label]];
    features[CandidateFeature::votes_2] = share(sums.square, all_.square);
    features[CandidateFeature::votes_4] = share(sums.fourth, all_.fourth);
    features[CandidateFeature::votes_8] = share(sums.eighth, all_.eighth);
    features[CandidateFeature::log_votes] = std::log(features[CandidateFeature::votes_4] + kLeastVotes);
    features[CandidateFeature::voters] = share(sums.count, all_.count);
    features[CandidateFeature::likeness] = sums.likest;
  }
}

}  // namespace glissade
