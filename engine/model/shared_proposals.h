#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/result.h>

#include "engine/candidates/proposed_candidates.h"
#include "engine/model/impl.h"

namespace glissade {

/// What the paths of all ranks propose for each row of `features`, behind the labels of its part of `best`: as many of each row,
/// kNoLabel behind the last. `unknown`: of this rank's training samples those that are passed over; may be empty. Collective, all
/// with the same rows and labels; rank 0 has what comes of it in `out`.
///
/// Each sample is one rank's to hear of, by equal shares in order. All tell it what their rows would propose, hear from it what
/// the candidates are, and tell it what they know of those that are theirs.
Result<void> propose_among(Model::Impl& impl, const SparseRows& features, std::span<const std::uint32_t> best,
                           const std::vector<bool>& unknown, ProposedCandidates& out);

}  // namespace glissade
