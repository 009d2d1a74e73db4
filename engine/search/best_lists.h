#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <glissade/model.h>

#include "simd/kernels.h"

namespace glissade {

/// Merges a part's best (sorted) into a sample's best so far (sorted): k labels and scores, the free places behind with
/// Predictions::kNoLabel. The new labels count from `first`. Ties stay with what is there, that is the lower label where parts
/// come in the order of labels.
inline void merge_best(std::uint32_t* labels, float* scores, std::size_t k, const std::uint32_t* new_labels,
                       const float* new_scores, std::size_t count, std::uint32_t first) {
  static thread_local std::vector<std::uint32_t> old_labels;
  static thread_local std::vector<float> old_scores;
  if (count == 0 || (labels[k - 1] != Predictions::kNoLabel && !(new_scores[0] > scores[k - 1]))) return;
  old_labels.assign(labels, labels + k);
  old_scores.assign(scores, scores + k);
  for (std::size_t out = 0, a = 0, b = 0; out < k; ++out) {
    if (b < count && (old_labels[a] == Predictions::kNoLabel || new_scores[b] > old_scores[a])) {
      labels[out] = new_labels[b] + first;
      scores[out] = new_scores[b++];
    } else {
      labels[out] = old_labels[a];
      scores[out] = old_scores[a++];
    }
  }
}

/// Offers the scores of rows first .. first + count - 1 to such a list. Most stretches have none that belongs in it: one scan.
inline void offer_scores(const simd::Kernels& kernels, const float* z, std::size_t count, std::uint32_t first,
                         std::uint32_t* labels, float* scores, std::size_t k) {
  static thread_local std::vector<std::uint32_t> best;
  static thread_local std::vector<float> best_scores;
  if (k == 0) return;
  if (labels[k - 1] != Predictions::kNoLabel) {
    std::uint32_t top;
    float score;
    if (kernels.topk_f32(z, count, 1, &top, &score) == 0 || !(score > scores[k - 1])) return;
  }
  best.resize(k);
  best_scores.resize(k);
  const std::size_t found = kernels.topk_f32(z, count, k, best.data(), best_scores.data());
  merge_best(labels, scores, k, best.data(), best_scores.data(), found, first);
}

}  // namespace glissade
