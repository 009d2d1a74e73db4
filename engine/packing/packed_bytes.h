#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/parameters/array.h"

namespace glissade::packing {

/// Any bytes, without loss: those at the same place of each element are coded together.
std::vector<std::byte> pack_bytes(std::span<const std::byte> bytes, std::uint32_t element_bytes);

/// None if they are damaged. Throws std::bad_alloc.
std::optional<Array<std::byte>> unpack_bytes(std::span<const std::byte> packed);

}  // namespace glissade::packing
