#pragma once

#include <cstddef>
#include <span>

#include <glissade/communicator.h>

namespace glissade {

/// Bytes of a float as it travels.
constexpr std::size_t wire_bytes(Wire wire) noexcept { return wire == Wire::bf16 ? 2 : 4; }

/// `wire_bytes` bytes for each value go to `out`.
void to_wire(std::span<const float> values, Wire wire, std::byte* out) noexcept;
void from_wire(const std::byte* in, Wire wire, std::span<float> values) noexcept;
/// sums[i] += what travelled.
void add_from_wire(const std::byte* in, Wire wire, std::span<float> sums) noexcept;
void add_floats(std::span<const float> values, std::span<float> sums) noexcept;
/// values[i] becomes what it would arrive as.
void round_like_wire(std::span<float> values, Wire wire) noexcept;

}  // namespace glissade
