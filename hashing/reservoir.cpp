#include "hashing/reservoir.h"

#include <algorithm>
#include <cassert>

#include "hashing/seeds.h"

namespace glissade::hashing {

// Algorithm R (Vitter 1985): the i-th id (from 0) enters with probability cap / (i + 1) and displaces a uniformly chosen one.
void keep_sample(std::span<std::uint32_t> bucket, std::size_t cap, std::uint64_t seed) noexcept {
  assert(bucket.size() > cap);
  Random random(seed);
  for (std::size_t i = cap; i < bucket.size(); ++i) {
    const std::uint64_t slot = random.below(i + 1);
    if (slot < cap) bucket[slot] = bucket[i];
  }
  std::sort(bucket.begin(), bucket.begin() + static_cast<std::ptrdiff_t>(cap));
}

}  // namespace glissade::hashing
