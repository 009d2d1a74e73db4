#pragma once

#include <cstdint>
#include <span>

#include "engine/samplers/alias_table.h"
#include "engine/samplers/sampler.h"

namespace glissade {

/// Starts a set with the true labels of the group, each once. Throws std::bad_alloc, as does add_drawn.
void add_labels(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out);

/// How the rest of a set is drawn.
struct DrawPlan {
  std::uint32_t rows;             ///< of the layer
  std::size_t target;             ///< size of the set afterwards (or `rows`, if that is less)
  std::size_t by_frequency;       ///< rows to draw by `frequencies` before uniform ones fill the set
  const AliasTable* frequencies;  ///< may be null if by_frequency is 0
  float correction;               ///< power of the weights that drawn rows get, 0 = none; what is in before counts as exact
};

/// Fills a set up to its target with different rows that are not in yet. A drawn row stands for 1 / (probability that it is
/// drawn) rows: (rows left) / (rows drawn) if all are drawn uniformly, otherwise 1 - (1 - q)^t for t draws (the repeated ones
/// included) with probability q each, as Jean et al. 2015 and TensorFlow's candidate samplers count.
void add_drawn(const DrawPlan& plan, std::uint64_t seed, hashing::StampSet& seen, ActiveSet& out);

}  // namespace glissade
