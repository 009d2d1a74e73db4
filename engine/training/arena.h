#pragma once

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cstdint>

namespace glissade {

/// The size of an arena for Config::threads. oneTBB writes a warning to standard error when one asks for more threads than it
/// will ever have.
inline int arena_threads(std::uint32_t wanted) {
  if (wanted == 0) return tbb::task_arena::automatic;
  return static_cast<int>(
      std::min<std::size_t>(wanted, tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism)));
}

}  // namespace glissade
