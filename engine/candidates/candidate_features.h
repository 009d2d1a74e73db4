#pragma once

#include <array>
#include <cstddef>

namespace glissade {

/// What is said of a candidate label, one number each.
enum class CandidateFeature : std::size_t {
  hidden,         ///< log-probability by the hidden path (with bce the log of the sigmoid)
  direct,         ///< product of the sample with the label's sparse row
  direct_share,   ///< the same, of the best candidate's
  votes_2,        ///< share of the neighbours' votes, each to the power 2 of its likeness
  votes_4,        ///< likewise
  votes_8,        ///< likewise
  log_votes,      ///< log(votes_4 + 0.001)
  log_count,      ///< log(training samples of the label + 1)
  co_labels,      ///< what the likeliest candidates say of it as a label of the same sample (co_labels.h)
  log_co_labels,  ///< log(co_labels + 0.001)
  voters,         ///< share of the neighbours that have it
  likeness,       ///< of the likest neighbour that has it
  best_likeness,  ///< of the likest neighbour of all: how much votes are worth
  hidden_gap,     ///< `hidden` less the best candidate's
  direct_best,    ///< `direct` of the best candidate
  log_features,   ///< log(input features of the sample + 1)
  name_likeness,  ///< cosine of the sample and the label's name, words by inverse document frequency
  name_share,     ///< part of the name that the sample has
  best_name,      ///< `name_likeness` of the candidate that is likest by it
};
inline constexpr std::size_t kCandidateFeatures = 19;
inline constexpr std::size_t kNameFeatures = 3;  ///< the last ones: 0 where no label's name says anything
inline constexpr std::size_t kPathFeatures = 8;  ///< the first ones: what the paths say, each of a candidate alone

struct CandidateFeatures : std::array<float, kCandidateFeatures> {
  using std::array<float, kCandidateFeatures>::operator[];
  float& operator[](CandidateFeature feature) noexcept { return (*this)[static_cast<std::size_t>(feature)]; }
  float operator[](CandidateFeature feature) const noexcept { return (*this)[static_cast<std::size_t>(feature)]; }
};

}  // namespace glissade
