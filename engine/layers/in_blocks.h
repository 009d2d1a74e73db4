#pragma once

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cstddef>

namespace glissade {

/// Calls body(begin, end) for fixed blocks of 0 .. count - 1, in parallel: what a block computes does not depend on the threads.
template <class Body>
void in_blocks(std::size_t count, std::size_t block, const Body& body) {
  tbb::parallel_for(std::size_t{0}, (count + block - 1) / block,
                    [&](std::size_t i) { body(i * block, std::min(count, (i + 1) * block)); });
}

}  // namespace glissade
