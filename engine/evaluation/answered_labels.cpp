#include "engine/evaluation/answered_labels.h"

#include <algorithm>
#include <limits>

namespace glissade {
namespace {

constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();
constexpr unsigned kDigits = std::numeric_limits<std::uint32_t>::digits;

}  // namespace

AnsweredLabels::AnsweredLabels(const KnownLabels& known, std::span<const std::uint32_t> cutoffs, bool by_frequency)
    : rows_(known.rows), cutoffs_(cutoffs), best_rank_(known.count, kNever) {
  if (!by_frequency || known.rows.empty()) return;
  const std::vector<std::uint64_t> none(cutoffs.size(), 0);
  buckets_.push_back({0, 0, 0, 0, none, none});
  for (unsigned digits = 1; digits <= kDigits; ++digits)
    buckets_.push_back({1u << (digits - 1), kNever >> (kDigits - digits), 0, 0, none, none});
  for (std::uint32_t label = 0; label < known.count; ++label) ++bucket_of(label).labels;
}

void AnsweredLabels::add(const Predictions& predictions, const SparseRows& labels) {
  const std::size_t k = predictions.k;
  const std::span<const std::uint32_t> predicted(predictions.labels);
  for (std::size_t row = 0; row < labels.rows(); ++row) {
    if (!labels.row_ids(row).empty()) add_sample(predicted.subspan(row * k, k), labels.row_ids(row));
  }
}

void AnsweredLabels::add_sample(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels) {
  for (std::size_t rank = 0; rank < predicted.size(); ++rank) {
    const std::uint32_t label = predicted[rank];
    if (label == Predictions::kNoLabel) continue;
    if (label < best_rank_.size()) best_rank_[label] = std::min(best_rank_[label], static_cast<std::uint32_t>(rank));
    if (buckets_.empty()) continue;
    FrequencyBucket& bucket = bucket_of(label);
    const bool hit = std::ranges::find(labels, label) != labels.end();
    for (std::size_t i = 0; i < cutoffs_.size(); ++i) {
      bucket.answered[i] += rank < cutoffs_[i] ? 1 : 0;
      bucket.found[i] += hit && rank < cutoffs_[i] ? 1 : 0;
    }
  }
  if (buckets_.empty()) return;
  for (const std::uint32_t label : labels) ++bucket_of(label).true_labels;
}

double AnsweredLabels::coverage(std::uint32_t cutoff) const {
  const auto within = std::ranges::count_if(best_rank_, [cutoff](std::uint32_t rank) { return rank < cutoff; });
  return best_rank_.empty() ? 0 : static_cast<double>(within) / static_cast<double>(best_rank_.size());
}

std::vector<FrequencyBucket> AnsweredLabels::buckets() const {
  std::vector<FrequencyBucket> out;
  std::ranges::copy_if(buckets_, std::back_inserter(out),
                       [](const FrequencyBucket& bucket) { return bucket.labels > 0 || bucket.true_labels > 0; });
  return out;
}

}  // namespace glissade
