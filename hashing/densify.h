#pragma once

#include <cstddef>
#include <cstdint>

namespace glissade::hashing {

/// Gives every empty bin (digit 255, see Bins) the digit of a bin that is not: densification with a probe sequence per bin
/// (Shrivastava 2017; for winner-take-all: Chen & Shrivastava 2018). Sparse vectors then collide by likeness and not because the
/// same bins are empty. A vector of zeros only gets digit 0 everywhere. What was borrowed keeps its top bit, which Bins::pack
/// drops.
void densify(std::uint8_t* digits, std::size_t bins, std::uint64_t probe_seed) noexcept;

}  // namespace glissade::hashing
