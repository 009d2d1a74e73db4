#pragma once

#include <cstdint>

#include "engine/layers/network.h"

namespace glissade {

/// A number that two networks share only if all their weights and biases are the same, to the bit. Memory speed, in parallel.
std::uint64_t weights_digest(const Network& network);

}  // namespace glissade
