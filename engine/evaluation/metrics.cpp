#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>

#include "engine/evaluation/propensity_weights.h"
#include "engine/evaluation/score_sums.h"

namespace glissade {
namespace {

/// Discount of each rank from 0: 1 / log2(rank + 2) (Jarvelin & Kekalainen 2002).
ScoreSums::Ranks make_discounts() noexcept {
  ScoreSums::Ranks out{};
  for (std::size_t rank = 0; rank < ScoreSums::kDeepest; ++rank) out[rank] = 1.0 / std::log2(static_cast<double>(rank + 2));
  return out;
}

}  // namespace

ScoreSums::ScoreSums(double unseen_weight) : discount_(make_discounts()), unseen_weight_(unseen_weight) {}

double ScoreSums::weight_of(std::uint32_t label, std::span<const float> propensity) const noexcept {
  return PropensityWeights{propensity, unseen_weight_}.of(label);
}

/// The largest weights among `labels`, largest first, as many as the deepest cut-off asks for; 0 where there are fewer labels.
ScoreSums::Ranks ScoreSums::largest_weights(std::span<const std::uint32_t> labels,
                                            std::span<const float> propensity) const noexcept {
  Ranks best{};
  for (const std::uint32_t label : labels) {
    const double weight = weight_of(label, propensity);
    const auto place = std::upper_bound(best.begin(), best.end(), weight, std::greater<>());
    if (place == best.end()) continue;
    std::copy_backward(place, best.end() - 1, best.end());
    *place = weight;
  }
  return best;
}

void ScoreSums::add(const Predictions& predictions, const SparseRows& labels, std::span<const float> propensity,
                    std::vector<SampleScores>* kept) {
  const std::size_t k = predictions.k;
  assert(predictions.labels.size() == labels.rows() * k);
  const std::size_t rows = k == 0 ? 0 : std::min(labels.rows(), predictions.labels.size() / k);
  const std::span<const std::uint32_t> predicted(predictions.labels);
  for (std::size_t row = 0; row < rows; ++row) {
    const SampleScores sample = scores_of(predicted.subspan(row * k, k), labels.row_ids(row), propensity);
    add_sample(sample);
    if (kept != nullptr) kept->push_back(sample);
  }
}

/// One pass down the ranks; what has come together is taken over at each cut-off.
SampleScores ScoreSums::scores_of(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels,
                                  std::span<const float> propensity) const {
  SampleScores sample;
  sample.labelled = !labels.empty();
  if (!sample.labelled) return sample;
  const auto best = propensity.empty() ? Ranks{} : largest_weights(labels, propensity);
  double hits = 0, gain = 0, best_gain = 0, weighted = 0, best_weighted = 0;
  std::size_t cutoff = 0;
  for (std::size_t rank = 0; rank < kDeepest; ++rank) {
    // A missing entry is no hit, also where a true label has its number.
    const bool hit = rank < predicted.size() && predicted[rank] != Predictions::kNoLabel &&
                     std::find(labels.begin(), labels.end(), predicted[rank]) != labels.end();
    if (hit) {
      hits += 1;
      gain += discount_[rank];
      if (!propensity.empty()) weighted += weight_of(predicted[rank], propensity);
    }
    if (rank < labels.size()) best_gain += discount_[rank];
    best_weighted += best[rank];
    if (rank + 1 != kCutoffs[cutoff]) continue;
    sample.precision[cutoff] = hits / static_cast<double>(kCutoffs[cutoff]);
    sample.ndcg[cutoff] = gain / best_gain;
    // Both have the factor 1 / k, which falls out of their ratio.
    sample.psp_found[cutoff] = weighted;
    sample.psp_best[cutoff] = best_weighted;
    ++cutoff;
  }
  return sample;
}

void ScoreSums::add_sample(const SampleScores& sample) noexcept {
  ++samples_;
  unlabelled_ += sample.labelled ? 0 : 1;
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) {
    precision_[i] += sample.precision[i];
    ndcg_[i] += sample.ndcg[i];
    weighted_hits_[i] += sample.psp_found[i];
    weighted_best_[i] += sample.psp_best[i];
  }
}

Metrics ScoreSums::metrics() const noexcept {
  Metrics metrics;
  metrics.samples = samples_;
  metrics.unlabelled = unlabelled_;
  const double scored = static_cast<double>(samples_ - unlabelled_);
  if (scored == 0) return metrics;
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) {
    metrics.precision[i] = precision_[i] / scored;
    metrics.ndcg[i] = ndcg_[i] / scored;
    if (weighted_best_[i] > 0) metrics.psp[i] = weighted_hits_[i] / weighted_best_[i];
  }
  return metrics;
}

Metrics score(const Predictions& predictions, const SparseRows& labels, std::span<const float> propensity) {
  ScoreSums sums;
  sums.add(predictions, labels, propensity);
  return sums.metrics();
}

}  // namespace glissade
