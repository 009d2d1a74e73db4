#include "engine/topology/first_connections.h"

#include <algorithm>

#include "hashing/seeds.h"

namespace glissade {

/// Floyd's way (Bentley & Floyd 1987): each draw is below a limit that rises by one, and what is there already becomes the limit.
void first_connections(std::uint64_t seed, std::uint64_t stream, std::uint32_t row, std::uint32_t width,
                       std::span<std::uint16_t> out) {
  hashing::Random random(hashing::derive(seed, stream, row));
  std::size_t count = 0;
  for (std::uint32_t limit = width - static_cast<std::uint32_t>(out.size()); limit < width; ++limit) {
    const auto drawn = static_cast<std::uint16_t>(random.below(limit + 1));
    const auto end = out.begin() + static_cast<std::ptrdiff_t>(count);
    const auto place = std::lower_bound(out.begin(), end, drawn);
    if (place != end && *place == drawn) {
      *end = static_cast<std::uint16_t>(limit);  // larger than all that are there
    } else {
      std::move_backward(place, end, end + 1);
      *place = drawn;
    }
    ++count;
  }
}

}  // namespace glissade
