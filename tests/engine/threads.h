#pragma once

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>

namespace glissade::test {

/// What `make` returns when it runs with so many threads, on machines with fewer cores, too: an arena alone gets no more threads
/// than there are cores.
template <class Make>
auto with_threads(int threads, const Make& make) {
  const tbb::global_control room(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
  tbb::task_arena arena(threads);
  return arena.execute(make);
}

/// One, few, and more than there are parts of some jobs.
inline constexpr int kThreadCounts[] = {1, 2, 3, 8};

}  // namespace glissade::test
