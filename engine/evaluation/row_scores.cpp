#include "engine/evaluation/row_scores.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "engine/evaluation/resample_count.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kResampleStream = 69;
constexpr std::size_t kResamples = 1000;
constexpr std::size_t kLow = 25, kHigh = 974;  ///< places of the bounds among the sorted means: 2.5 % lie beyond each

}  // namespace

RowScores::RowScores(std::vector<std::uint32_t> cutoffs) : cutoffs_(std::move(cutoffs)) {
  const std::uint32_t deepest = cutoffs_.empty() ? 0 : *std::ranges::max_element(cutoffs_);
  for (std::uint32_t rank = 0; rank < deepest; ++rank) discount_.push_back(1.0 / std::log2(static_cast<double>(rank + 2)));
}

void RowScores::add(const Predictions& predictions, const SparseRows& labels) {
  const std::size_t k = predictions.k;
  assert(predictions.labels.size() == labels.rows() * k);
  const std::span<const std::uint32_t> predicted(predictions.labels);
  for (std::size_t row = 0; row < labels.rows(); ++row) {
    if (!labels.row_ids(row).empty()) add_sample(predicted.subspan(row * k, k), labels.row_ids(row));
  }
}

void RowScores::add_sample(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels) {
  for (const std::uint32_t cutoff : cutoffs_) {
    double hits = 0, gain = 0, best = 0;
    for (std::size_t rank = 0; rank < cutoff; ++rank) {
      // A missing entry is no hit, also where a true label has its number.
      const bool hit = rank < predicted.size() && predicted[rank] != Predictions::kNoLabel &&
                       std::ranges::find(labels, predicted[rank]) != labels.end();
      hits += hit ? 1 : 0;
      gain += hit ? discount_[rank] : 0;
      best += rank < labels.size() ? discount_[rank] : 0;
    }
    std::array<double, kColumns> of{};
    of[precision] = hits / cutoff;
    of[recall] = hits / static_cast<double>(labels.size());
    of[hit_rate] = hits > 0 ? 1 : 0;
    of[ndcg] = gain / best;
    for (const double value : of) scores_.push_back(static_cast<float>(value));
  }
}

std::vector<double> RowScores::means() const {
  std::vector<double> sums(width(), 0.0);
  for (std::size_t row = 0; row < rows(); ++row) {
    for (std::size_t i = 0; i < width(); ++i) sums[i] += double{scores_[row * width() + i]};
  }
  for (double& sum : sums) sum /= static_cast<double>(std::max<std::size_t>(1, rows()));
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
  for (double& mean : means) mean /= static_cast<double>(std::max<std::uint64_t>(1, drawn));
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
    out.push_back(
        {cutoffs_[at], measure(first + precision), measure(first + recall), measure(first + hit_rate), measure(first + ndcg)});
  }
  return out;
}

}  // namespace glissade
