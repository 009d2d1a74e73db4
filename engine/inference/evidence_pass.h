#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include <glissade/views.h>

#include "engine/inference/search.h"
#include "engine/model/impl.h"

namespace glissade {

/// The labels with the largest logits by the hidden path, in a Predictions with their probabilities: what gather_evidence starts
/// from. `best` has a row for each sample of `hidden`.
struct HiddenBest {
  static constexpr std::uint32_t kPerSample = 64;
  const Activations& hidden;
  const Predictions& best;
};

/// Calls use(sample, evidence) for each row of `features`, in parallel. With `left_out` the rows are training samples, row r the
/// sample left_out[r] with labels `labels`, and are judged as if the paths did not know them.
struct EvidenceInput {
  const SparseRows& features;
  std::span<const std::uint32_t> left_out = {};
  SparseRows labels = {};
};
void gather_evidence(Model::Impl& impl, const HiddenBest& best, const EvidenceInput& input,
                     const std::function<void(std::size_t, const Evidence&)>& use);

}  // namespace glissade
