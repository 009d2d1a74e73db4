#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/metrics.h>

namespace glissade {

/// Which labels are answered, and which of the true ones are found: coverage@k, and counts by label frequency.
class AnsweredLabels {
 public:
  /// `cutoffs` in any order. `by_frequency`: buckets are counted, where training counts are known. Spans must outlive it.
  AnsweredLabels(const KnownLabels& known, std::span<const std::uint32_t> cutoffs, bool by_frequency);

  /// `predictions` has one row per row of `labels`. Samples without labels count for nothing.
  void add(const Predictions& predictions, const SparseRows& labels);

  /// Share of the L labels that have been among the `cutoff` best of a sample.
  double coverage(std::uint32_t cutoff) const;
  /// Those that hold a label, ascending; none if they are not counted.
  std::vector<FrequencyBucket> buckets() const;

 private:
  FrequencyBucket& bucket_of(std::uint32_t label) {
    return buckets_[label < rows_.size() ? static_cast<std::size_t>(std::bit_width(rows_[label])) : 0];
  }
  void add_sample(std::span<const std::uint32_t> predicted, std::span<const std::uint32_t> labels);

  std::span<const std::uint32_t> rows_;
  std::span<const std::uint32_t> cutoffs_;
  std::vector<std::uint32_t> best_rank_;  ///< of each label, over all samples so far
  std::vector<FrequencyBucket> buckets_;  ///< one for each number of binary digits; empty: not counted
};

}  // namespace glissade
