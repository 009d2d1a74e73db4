#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

// How this folder uses oneTBB: workers with their own scratch, allocated before the parallel part, take chunks from a counter. A
// body may throw std::bad_alloc (a thread's first hash); one that changes tables does not. What a chunk computes never depends on
// its worker.
namespace glissade::hashing {

inline std::size_t worker_count(std::size_t chunks) {
  const auto threads = static_cast<std::size_t>(std::max(1, tbb::this_task_arena::max_concurrency()));
  return std::clamp<std::size_t>(chunks, 1, threads);
}

/// body(worker, begin, end) for consecutive pieces of [0, count), each at most `chunk` long; one call at a time per worker.
template <class Body>
void for_chunks(std::size_t count, std::size_t chunk, std::size_t workers, const Body& body) {
  std::atomic<std::size_t> next{0};
  tbb::parallel_for(
      std::size_t{0}, workers,
      [&](std::size_t worker) {
        // Relaxed: the counter only hands out pieces; parallel_for's end publishes what the workers wrote.
        for (std::size_t begin; (begin = next.fetch_add(chunk, std::memory_order_relaxed)) < count;)
          body(worker, begin, std::min(begin + chunk, count));
      },
      tbb::simple_partitioner{});
}

}  // namespace glissade::hashing
