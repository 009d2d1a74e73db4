#pragma once

#include <cstddef>

namespace glissade {

/// Bytes of a core's second-level cache, as the system tells it; 512 KiB where it does not.
std::size_t second_level_cache() noexcept;

}  // namespace glissade
