#include "engine/communication/wire_floats.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "simd/kernels.h"

namespace glissade {
namespace {

/// Values that are widened or narrowed at once, beside each other on the stack.
constexpr std::size_t kAtOnce = 1024;

}  // namespace

void to_wire(std::span<const float> values, Wire wire, std::byte* out) noexcept {
  if (values.empty()) return;
  if (wire == Wire::fp32) {
    std::memcpy(out, values.data(), values.size_bytes());
    return;
  }
  alignas(64) std::array<std::uint16_t, kAtOnce> halves;
  for (std::size_t first = 0; first < values.size(); first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, values.size() - first);
    simd::kernels().narrow_nearest(values.data() + first, halves.data(), count);
    std::memcpy(out + 2 * first, halves.data(), 2 * count);
  }
}

void from_wire(const std::byte* in, Wire wire, std::span<float> values) noexcept {
  if (values.empty()) return;
  if (wire == Wire::fp32) {
    std::memcpy(values.data(), in, values.size_bytes());
    return;
  }
  alignas(64) std::array<std::uint16_t, kAtOnce> halves;
  for (std::size_t first = 0; first < values.size(); first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, values.size() - first);
    std::memcpy(halves.data(), in + 2 * first, 2 * count);
    simd::kernels().widen(halves.data(), values.data() + first, count);
  }
}

void add_from_wire(const std::byte* in, Wire wire, std::span<float> sums) noexcept {
  alignas(64) std::array<float, kAtOnce> floats;
  for (std::size_t first = 0; first < sums.size(); first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, sums.size() - first);
    from_wire(in + first * wire_bytes(wire), wire, std::span(floats).first(count));
    add_floats(std::span(floats).first(count), sums.subspan(first, count));
  }
}

void add_floats(std::span<const float> values, std::span<float> sums) noexcept {
  simd::kernels().axpy_f32(1.f, values.data(), sums.data(), values.size());
}

void round_like_wire(std::span<float> values, Wire wire) noexcept {
  if (wire == Wire::fp32) return;
  alignas(64) std::array<std::uint16_t, kAtOnce> halves;
  for (std::size_t first = 0; first < values.size(); first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, values.size() - first);
    simd::kernels().narrow_nearest(values.data() + first, halves.data(), count);
    simd::kernels().widen(halves.data(), values.data() + first, count);
  }
}

}  // namespace glissade
