// Many best of few numbers, for all levels: with the library's sorting, whose functions no object of a level may hold.
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "simd/declare.h"

namespace glissade::simd::scalar {
namespace {

constexpr std::size_t kFewestSorted = 32, kMostKeys = 2048;

/// A key per number, larger for what comes earlier in the answer: the bits of floats are in order once those of negative ones
/// are turned round.
std::uint64_t key_of(float v, std::uint32_t i) noexcept {
  constexpr std::uint32_t kSign = 0x80000000u;
  const auto bits = std::bit_cast<std::uint32_t>(v + 0.f);  // one zero
  const std::uint32_t ordered = (bits & kSign) != 0 ? ~bits : bits | kSign;
  return std::uint64_t{ordered} << 32 | (0xffffffffu - i);
}

}  // namespace

bool topk_sorts(std::size_t n, std::size_t k) noexcept { return k >= kFewestSorted && n <= kMostKeys; }

std::size_t topk_sorted(const float* z, std::size_t n, std::size_t k, std::uint32_t* index, float* value) noexcept {
  std::array<std::uint64_t, kMostKeys> keys;
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    keys[count] = key_of(z[i], static_cast<std::uint32_t>(i));
    count += z[i] == z[i] ? 1 : 0;  // NaN is no number
  }
  const std::size_t size = std::min(count, k);
  const auto begin = keys.begin(), middle = begin + static_cast<std::ptrdiff_t>(size);
  if (size < count) std::nth_element(begin, middle, begin + static_cast<std::ptrdiff_t>(count), std::greater());
  std::sort(begin, middle, std::greater());
  for (std::size_t j = 0; j < size; ++j) {
    index[j] = 0xffffffffu - static_cast<std::uint32_t>(keys[j]);
    value[j] = z[index[j]];
  }
  return size;
}

}  // namespace glissade::simd::scalar
