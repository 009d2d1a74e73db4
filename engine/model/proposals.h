#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/result.h>

#include "engine/candidates/proposed_candidates.h"
#include "engine/model/impl.h"

namespace glissade {

/// What CandidateSearch::propose() finds for each row of `features`, behind the labels of its part of `best`: as many of each
/// row, kNoLabel behind the last. `unknown` as in CandidateSearch::find(). In parallel.
void propose_candidates(Model::Impl& impl, const SparseRows& features, std::span<const std::uint32_t> best,
                        const std::vector<bool>& unknown, ProposedCandidates& out);

/// Model::answer(); proposals pass over the training samples `unknown`, as those of rank 0 do meanwhile.
Result<Model::Told> answer(Model::Impl& impl, const std::vector<bool>& unknown = {});

}  // namespace glissade
