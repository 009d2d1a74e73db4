#include "engine/explanation/speaker_shares.h"

#include <bit>
#include <cstddef>

namespace glissade {
namespace {

constexpr std::size_t kSets = std::size_t{1} << kSpeakers;

/// Whose each feature of a candidate is.
constexpr std::array<Speaker, kCandidateFeatures> speakers() {
  std::array<Speaker, kCandidateFeatures> of{};
  const auto give = [&of](Speaker speaker, std::initializer_list<CandidateFeature> features) {
    for (const CandidateFeature feature : features) of[static_cast<std::size_t>(feature)] = speaker;
  };
  using enum CandidateFeature;
  give(Speaker::hidden, {hidden, hidden_gap});
  give(Speaker::sparse_rows, {direct, direct_share, direct_best});
  give(Speaker::neighbours, {votes_2, votes_4, votes_8, log_votes, voters, likeness, best_likeness});
  give(Speaker::names, {name_likeness, name_share, best_name});
  give(Speaker::co_labels, {co_labels, log_co_labels});
  give(Speaker::prior, {log_count, log_features});
  return of;
}
constexpr std::array<Speaker, kCandidateFeatures> kSpeakerOf = speakers();

/// |S|! (n - |S| - 1)! / n! of sets S of `size` players without the one that joins: how often it joins that set, over all orders.
constexpr std::array<double, kSpeakers> joining_weights() {
  constexpr auto factorial = [](std::size_t n) {
    double product = 1;
    for (std::size_t i = 2; i <= n; ++i) product *= static_cast<double>(i);
    return product;
  };
  std::array<double, kSpeakers> weights{};
  for (std::size_t size = 0; size < kSpeakers; ++size)
    weights[size] = factorial(size) * factorial(kSpeakers - size - 1) / factorial(kSpeakers);
  return weights;
}
constexpr std::array<double, kSpeakers> kJoining = joining_weights();

}  // namespace

SpeakerShares speaker_shares(const RankedPaths& paths, const CandidateFeatures& features, RankPass& pass) {
  // Before a ranker is fitted, the linear one has no average to speak of: a candidate of which nothing is said scores 0.
  const CandidateFeatures average = paths.ranker.empty() ? CandidateFeatures{} : paths.ranker.average();
  std::array<CandidateFeatures, kSets> sets;
  for (std::size_t set = 0; set < kSets; ++set) {
    for (std::size_t i = 0; i < kCandidateFeatures; ++i)
      sets[set][i] = (set >> static_cast<std::size_t>(kSpeakerOf[i]) & 1) != 0 ? features[i] : average[i];
  }
  std::array<float, kSets> scores{};
  paths.score(sets, pass, scores.data());
  SpeakerShares out{scores[0], {}};
  for (std::size_t player = 0; player < kSpeakers; ++player) {
    const std::size_t bit = std::size_t{1} << player;
    double share = 0;
    for (std::size_t set = 0; set < kSets; ++set) {
      if ((set & bit) == 0)
        share += kJoining[static_cast<std::size_t>(std::popcount(set))] * (double{scores[set | bit]} - double{scores[set]});
    }
    out.shares[player] = static_cast<float>(share);
  }
  return out;
}

}  // namespace glissade
