#pragma once

#include <array>
#include <span>

#include <glissade/explain.h>

#include "engine/ranking/ranked_paths.h"

namespace glissade {

/// How a score comes about: base + the sum of shares, but for rounding.
struct SpeakerShares {
  float base = 0;
  std::array<float, kSpeakers> shares = {};
};

/// Of a candidate's score by the ranker of `paths`, or by the linear one where there is no other; see LabelReasons::shares. 64
/// evaluations of the ranker. Thread-safe, with a `pass` of the caller's own.
SpeakerShares speaker_shares(const RankedPaths& paths, const CandidateFeatures& features, RankPass& pass);

}  // namespace glissade
