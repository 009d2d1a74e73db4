#include "engine/evaluation/row_scores.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <functional>
#include <numeric>

#include "engine/evaluation/resample_count.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kResampleStream = 69;
constexpr std::size_t kResamples = 1000;
constexpr std::size_t kLow = 25, kHigh = 974;  ///< places of the bounds among the sorted means: 2.5 % lie beyond each

}  // namespace

RowScores::RowScores(std::vector<std::uint32_t> cutoffs) : cutoffs_(std::move(cutoffs)), ideal_{0.0} {
  const std::uint32_t deepest = cutoffs_.empty() ? 0 : *std::ranges::max_element(cutoffs_);
  for (std::uint32_t rank = 0; rank < deepest; ++rank) {
    discount_.push_back(1.0 / std::log2(static_cast<double>(rank + 2)));
    ideal_.push_back(ideal_.back() + discount_.back());
  }
}

void RowScores::add(const Predictions& predictions, const SparseRows& labels, const PropensityWeights& weights) {
  const std::size_t k = predictions.k;
  assert(predictions.labels.size() == labels.rows() * k);
  const std::span<const std::uint32_t> predicted(predictions.labels);
  for (std::size_t row = 0; row < labels.rows(); ++row) {
    if (!labels.row_ids(row).empty()) add_sample(predicted.subspan(row * k, k), labels.row_ids(row), weights);
  }
}

/// The ranks of the true labels, and what the best ranking would have gained.
void RowScores::find_hits(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels,
                          const PropensityWeights& weights) {
  hits_.clear();
  for (std::size_t rank = 0; rank < std::min(predicted.size(), discount_.size()); ++rank) {
    // A missing entry is no hit, also where a true label has its number.
    if (predicted[rank] == Predictions::kNoLabel || std::ranges::find(labels, predicted[rank]) == labels.end()) continue;
    hits_.push_back({rank, weights.known() ? weights.of(predicted[rank]) : 0.0});
  }
  best_.assign(1, 0.0);
  if (!weights.known()) return;
  for (const std::uint32_t label : labels) best_.push_back(weights.of(label));
  std::sort(best_.begin() + 1, best_.end(), std::greater<>());
  std::partial_sum(best_.begin(), best_.end(), best_.begin());
}

void RowScores::add_sample(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels,
                           const PropensityWeights& weights) {
  find_hits(predicted, labels, weights);
  const auto count = static_cast<double>(labels.size());
  for (const std::uint32_t cutoff : cutoffs_) {
    double hits = 0, gain = 0;
    std::array<double, kColumns> of{};
    for (const Hit& hit : hits_) {
      if (hit.rank >= cutoff) break;
      if (hits == 0) of[mrr] = 1.0 / static_cast<double>(hit.rank + 1);
      hits += 1;
      gain += discount_[hit.rank];
      of[psp_found] += hit.weight;
    }
    of[precision] = hits / cutoff;
    of[recall] = hits / count;
    of[hit_rate] = hits > 0 ? 1 : 0;
    of[ndcg] = gain / ideal_[std::min<std::size_t>(cutoff, labels.size())];
    of[f1] = 2 * hits / (cutoff + count);
    of[psp_best] = best_[std::min<std::size_t>(cutoff, best_.size() - 1)];
    for (const double value : of) scores_.push_back(static_cast<float>(value));
  }
}

RowScores RowScores::minus(const RowScores& other) const {
  assert(cutoffs_ == other.cutoffs_ && scores_.size() == other.scores_.size());
  RowScores out(cutoffs_);
  out.scores_.resize(scores_.size());
  for (std::size_t i = 0; i < scores_.size(); ++i) {
    const bool divisor = i % kColumns == psp_best;
    out.scores_[i] = divisor ? other.scores_[i] : scores_[i] - other.scores_[i];
  }
  return out;
}

/// Sums over `samples` samples to means; of PSP@k to the ratio of its sums, in place of what was found.
void RowScores::finish(std::span<double> sums, double samples) const {
  for (std::size_t first = 0; first < sums.size(); first += kColumns) {
    const double best = sums[first + psp_best];
    const double psp = best > 0 ? sums[first + psp_found] / best : 0;
    for (std::size_t i = first; i < first + kColumns; ++i) sums[i] /= samples;
    sums[first + psp_found] = psp;
  }
}

std::vector<double> RowScores::means() const {
  std::vector<double> sums(width(), 0.0);
  for (std::size_t row = 0; row < rows(); ++row) {
    for (std::size_t i = 0; i < width(); ++i) sums[i] += double{scores_[row * width() + i]};
  }
  finish(sums, static_cast<double>(std::max<std::size_t>(1, rows())));
  return sums;
}

/// Sums over samples drawn with replacement. Returns how many were drawn.
std::uint64_t RowScores::draw(std::uint64_t seed, std::span<double> sums) const {
  hashing::Random random(seed);
  std::uint64_t bits = 0, drawn = 0;
  const std::size_t columns = width();
  for (std::size_t row = 0; row < rows(); ++row, bits >>= 16) {
    if (row % 4 == 0) bits = random.next();
    const std::uint32_t count = resample_count(bits);
    if (count == 0) continue;
    drawn += count;
    const float* const scores = scores_.data() + row * columns;
    for (std::size_t i = 0; i < columns; ++i) sums[i] += static_cast<double>(static_cast<float>(count) * scores[i]);
  }
  return drawn;
}

void RowScores::resample(std::uint64_t number, std::span<double> means) const {
  std::uint64_t drawn = 0;
  // Of a handful of samples none may be drawn: that says nothing.
  for (std::uint64_t attempt = 0; drawn == 0 && rows() > 0; ++attempt)
    drawn = draw(hashing::derive(attempt, kResampleStream, number), means);
  finish(means, static_cast<double>(std::max<std::uint64_t>(1, drawn)));
}

std::vector<CutoffMetrics> RowScores::metrics(bool intervals) const {
  const std::vector<double> mean = means();
  std::vector<double> resampled(intervals ? kResamples * width() : 0, 0.0);
  if (intervals) {
    tbb::parallel_for(std::size_t{0}, kResamples,
                      [&](std::size_t i) { resample(i, std::span(resampled).subspan(i * width(), width())); });
  }
  std::vector<double> column(intervals ? kResamples : 0);
  const auto measure = [&](std::size_t i) {
    Measure of{mean[i], {}};
    if (!intervals) return of;
    for (std::size_t sample = 0; sample < kResamples; ++sample) column[sample] = resampled[sample * width() + i];
    std::ranges::sort(column);
    of.interval = {column[kLow], column[kHigh]};
    return of;
  };
  std::vector<CutoffMetrics> out;
  for (std::size_t at = 0; at < cutoffs_.size(); ++at) {
    const std::size_t first = at * kColumns;
    out.push_back({cutoffs_[at], measure(first + precision), measure(first + recall), measure(first + hit_rate),
                   measure(first + ndcg), measure(first + f1), measure(first + mrr), measure(first + psp_found)});
  }
  return out;
}

}  // namespace glissade
