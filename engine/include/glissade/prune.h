#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>

namespace glissade {

/// How coarsely the parts of a model are told when it is pruned. Weights become multiples of a step, those below about half a step
/// vanish, and what is left is coded by how often it occurs. A step is relative to the part's own mean square root.
struct PruneMix {
  double features = 0.1;    ///< step of the rows of features
  double labels = 0.1;      ///< step of the rows of labels, and of the layers between
  double rows = 0.1;        ///< step of the sparse rows of labels
  double neighbours = 0.1;  ///< step of the training samples
  double co_labels = 0.1;   ///< step of the co-labels
};

/// Writes the model file `from` as `to`, pruned by `mix`: without the training state, and in the format of packed sections.
/// Returns the bytes of `to`.
Result<std::uint64_t> prune(const std::string& from, const std::string& to, const PruneMix& mix);

}  // namespace glissade
