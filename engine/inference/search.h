#pragma once

#include <cstdint>

#include <glissade/model.h>

#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/samplers/label_index.h"

namespace glissade {

/// Where the results of the samples of `hidden` go: row `first_row + sample` of `out`.
struct SearchTarget {
  Predictions& out;
  std::size_t first_row;
  LossKind loss;
  bool probabilities;
};

/// Scores every row, piece by piece, and keeps each sample's best. In parallel. False if oneDNN failed.
bool search_exact(const ParameterRows& rows, const Activations& hidden, const SearchTarget& target);

/// Scores the rows in the samples' buckets (of all tables). In parallel over samples. Returns how many were scored.
std::uint64_t search_lsh(const ParameterRows& rows, const LabelIndex& index, const Activations& hidden,
                         const SearchTarget& target);

/// Turns logits into probabilities in place: exp(z - log_sum) or 1 / (1 + exp(-z)); -infinity stays.
void to_probabilities(LossKind loss, float log_sum, float* scores, std::size_t count) noexcept;

}  // namespace glissade
