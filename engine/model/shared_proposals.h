#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/result.h>

#include "engine/candidates/proposed_candidates.h"
#include "engine/model/impl.h"

namespace glissade {

/// The candidates of all ranks for each row that is asked about, and what all paths say of them; with scores where these are
/// wanted. `unknown`: of this rank's training samples those that are passed over; may be empty. Collective, all with the same
/// question; rank 0 has what comes of it in `out`.
///
/// Each sample is one rank's to answer, by equal shares in order. All tell it what their rows would propose, hear from it what
/// the candidates are, and tell it what they know of those that are theirs.
Result<void> propose_among(Model::Impl& impl, const ShardGroup::Asked& asked, const std::vector<bool>& unknown,
                           ProposedCandidates& out);

}  // namespace glissade
