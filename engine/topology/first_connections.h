#pragma once

#include <cstdint>
#include <span>

namespace glissade {

/// Fills `out` with different columns below `width`, which is at most 65,536, in rising order: a uniform draw, a function of the
/// numbers alone. `stream` tells blocks of rows apart. Cost: out.size() draws and a sort.
void first_connections(std::uint64_t seed, std::uint64_t stream, std::uint32_t row, std::uint32_t width,
                       std::span<std::uint16_t> out);

}  // namespace glissade
