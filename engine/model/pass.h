#pragma once

#include <cstdint>
#include <vector>

namespace glissade {

/// Sums over the steps of a pass. Part of the model file as it is.
struct PassSums {
  std::uint64_t samples = 0, steps = 0, probed = 0, hits = 0, active_rows = 0, rows_touched = 0, features_touched = 0,
                rows_rehashed = 0;
  double loss = 0;
  double seconds = 0;  ///< of training, in the calls before this one
};

/// A pass over the data that is under way: with weights, optimiser and tables all that going on in the middle of it needs.
struct Pass {
  bool open = false;                 ///< a step was done since the last whole pass: the state of the tables matters
  std::uint64_t done = 0;            ///< samples of the order that are trained; 0 = no pass was begun
  std::uint64_t data_rows = 0;       ///< of the data set that the pass goes over
  std::vector<std::uint32_t> order;  ///< of the samples of the pass; empty after loading where it follows from the seed
  PassSums sums;
};

}  // namespace glissade
