#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/model/impl.h"
#include "engine/search/search.h"

namespace glissade {

/// The labels with the largest logits by the hidden path, what find_candidates starts from. `best` has a row for each sample of
/// `hidden`, of which the first kPerSample labels become candidates.
struct HiddenBest {
  static constexpr std::uint32_t kPerSample = 16;
  const Activations& hidden;
  const Predictions& best;               ///< with logits where there are log_sums, else with probabilities
  std::span<const float> log_sums = {};  ///< of each sample's logits
};

/// Calls use(sample, found) for each row of `features`, in parallel; `unknown` as in CandidateSearch::find. `also`: of each row
/// labels that are candidates in any case; without rows none.
void find_candidates(Model::Impl& impl, const HiddenBest& best, const SparseRows& features, const std::vector<bool>& unknown,
                     const std::function<void(std::size_t, const CandidateSearch&)>& use, const SparseRows& also = {});

/// The same where several ranks have the rows, and share the samples out; rank 0 calls it, and use() is called here. `best` has
/// log_sums where the loss is a softmax. `with_scores`: what is found has scores(). Runtime error of the communication.
Result<void> find_candidates_among(Model::Impl& impl, const HiddenBest& best, const SparseRows& features,
                                   const std::vector<bool>& unknown, bool with_scores,
                                   const std::function<void(std::size_t, const CandidateSearch&)>& use);

}  // namespace glissade
