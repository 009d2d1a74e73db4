#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <glissade/model.h>

#include "engine/dense/block_rows.h"
#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// What a search found of the probabilities of all labels that it scored, one entry per sample of `hidden`.
struct SearchSums {
  std::vector<float> log_sums;  ///< with the softmaxes: log of the sum of the scored labels' exponentials
  std::vector<double> likely;   ///< with sigmoids: sum of the scored labels' probabilities; exact search only
};

/// The first sample whose scores are not all finite. Any thread may note one.
class FirstSample {
 public:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  void note(std::size_t sample) noexcept {
    for (std::size_t first = sample_; sample < first && !sample_.compare_exchange_weak(first, sample);) {
    }
  }
  std::size_t sample() const noexcept { return sample_; }

 private:
  std::atomic<std::size_t> sample_{kNone};
};

/// Where the results of the samples of `hidden` go: row `first_row + sample` of `out`.
struct SearchTarget {
  Predictions& out;
  std::size_t first_row;
  LossKind loss;
  bool probabilities;
  std::vector<std::uint32_t>* scored = nullptr;  ///< labels scored, of each sample; filled if there is one
  FirstSample* not_finite = nullptr;             ///< likewise
  SearchSums* sums = nullptr;                    ///< likewise
  const LabelFilter* filter = nullptr;           ///< `out` gets the best of those that it permits; sums are of all
  /// With exact search: the best logits of all labels, whatever the filter says; a row per sample, from 0 on.
  Predictions* unfiltered = nullptr;
  /// With exact search: the same rows as blocks that share connections, to be read instead; null or empty: there are none.
  const BlockRows* blocks = nullptr;
};

/// z[i] = NaN, which no list takes, where the filter forbids label first + i.
void mask_forbidden(const LabelFilter& filter, std::uint32_t first, float* z, std::size_t count) noexcept;

/// Scores every row, piece by piece, and keeps each sample's best. In parallel. The memory that it takes beyond `target` is about
/// 0.5 MiB a thread and, for up to 4,096 samples, 16 lists of their best.
void search_exact(const ParameterRows& rows, const Activations& hidden, const SearchTarget& target);

/// Turns logits into probabilities in place: exp(z - log_sum) or 1 / (1 + exp(-z)); -infinity stays.
void to_probabilities(LossKind loss, float log_sum, float* scores, std::size_t count) noexcept;

}  // namespace glissade
