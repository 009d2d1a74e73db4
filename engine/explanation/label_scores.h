#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/candidates/candidate_features.h"
#include "engine/model/impl.h"

namespace glissade {

/// What a model says of a label in one row.
struct LabelScore {
  float score = 0;      ///< as predict() gives it
  float log_share = 0;  ///< of its exponential among the candidates'; without sparse paths its log-probability
  bool candidate = false;
  float lowest = 0;              ///< score of the lowest candidate
  CandidateFeatures features{};  ///< of a candidate
};

/// out[r * labels.size() + i] is of labels[i] in row r. `features` went through the model's transform, `hidden` is of them. `by`
/// is exact or learned. In parallel over rows.
void score_labels(Model::Impl& impl, const SparseRows& features, const Activations& hidden, std::span<const std::uint32_t> labels,
                  Search by, std::vector<LabelScore>& out);

}  // namespace glissade
