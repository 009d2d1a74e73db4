#include "engine/parameters/finite.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <algorithm>
#include <bit>

namespace glissade {
namespace {

constexpr std::size_t kNumbersAtOnce =
    4096;  ///< numbers that are judged together: a loop without exits, which compilers turn into vectors

constexpr std::uint32_t kFloatExponent = 0x7f800000u;
constexpr std::uint16_t kHalfExponent = 0x7f80u;

bool is_bad(float value) noexcept { return (std::bit_cast<std::uint32_t>(value) & kFloatExponent) == kFloatExponent; }
bool is_bad(std::uint16_t half) noexcept { return (half & kHalfExponent) == kHalfExponent; }

template <class T>
std::optional<std::size_t> first_bad(std::span<const T> all) noexcept {
  for (std::size_t begin = 0; begin < all.size(); begin += kNumbersAtOnce) {
    const auto block = all.subspan(begin, std::min(kNumbersAtOnce, all.size() - begin));
    unsigned bad = 0;
    for (const T value : block) bad |= is_bad(value) ? 1u : 0u;
    if (bad == 0) continue;
    const auto at = std::ranges::find_if(block, [](T value) { return is_bad(value); });
    return begin + static_cast<std::size_t>(at - block.begin());
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> first_not_finite(std::span<const float> values) noexcept { return first_bad(values); }
std::optional<std::size_t> first_not_finite(std::span<const std::uint16_t> halves) noexcept { return first_bad(halves); }

std::optional<std::size_t> first_bad_row(const ParameterRows& rows, std::size_t begin, std::size_t end) noexcept {
  if (begin >= end) return std::nullopt;
  const std::size_t stride = rows.pitch();
  const auto weight = rows.storage() == Storage::fp32
                          ? first_bad(std::span(rows.weights.data() + begin * stride, (end - begin) * stride))
                          : first_bad(std::span(rows.high.data() + begin * stride, (end - begin) * stride));
  std::optional<std::size_t> row;
  if (weight) row = begin + *weight / stride;
  if (rows.bias.empty()) return row;
  const auto bias = first_bad(std::span(rows.bias.data() + begin, end - begin));
  if (bias && (!row || begin + *bias < *row)) row = begin + *bias;
  return row;
}

std::optional<std::size_t> first_bad_row(const ParameterRows& rows) {
  const std::size_t none = rows.rows();
  const std::size_t first = tbb::parallel_reduce(
      tbb::blocked_range<std::size_t>(0, none, 1024), none,
      [&](const tbb::blocked_range<std::size_t>& range, std::size_t bad) {
        return std::min(bad, first_bad_row(rows, range.begin(), range.end()).value_or(none));
      },
      [](std::size_t a, std::size_t b) { return std::min(a, b); });
  return first == none ? std::nullopt : std::optional(first);
}

}  // namespace glissade
