#pragma once

#include <cstddef>

#include "engine/ranking/ranked_paths.h"

namespace glissade {

/// Neighbours that are left out, one behind another.
struct LeftOut {
  std::size_t first = 0, count = 0;
};

/// The paths with all that was added and changed since in arrays of their own, as a model file has them; indexed.
RankedPaths merged_paths(const RankedPaths& paths, std::size_t features, LeftOut neighbours = {});

}  // namespace glissade
