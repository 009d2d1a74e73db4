#include "engine/candidates/row_lookup.h"

#include <array>

namespace glissade {
namespace {

constexpr std::size_t kAtOnce = 4;
constexpr std::size_t kAhead = 4;  ///< rows asked for before their turn

/// Where the features of one group stand, or would: searches that do not wait for each other.
std::array<std::size_t, kAtOnce> places_of(const std::uint32_t* features, const std::uint32_t* ids, std::size_t count) noexcept {
  std::array<std::size_t, kAtOnce> at{};
  for (std::size_t left = count; left > 1;) {
    const std::size_t half = left / 2;
    for (std::size_t k = 0; k < kAtOnce; ++k) at[k] += ids[at[k] + half - 1] < features[k] ? half : 0;
    left -= half;
  }
  return at;
}

/// Calls found(feature's index, place) for each feature that the row has.
template <class Found>
void for_each_found(std::span<const std::uint32_t> features, const std::uint32_t* ids, std::size_t count,
                    const Found& found) noexcept {
  if (count == 0) return;
  for (std::size_t first = 0; first < features.size(); first += kAtOnce) {
    std::array<std::uint32_t, kAtOnce> group{};
    const std::size_t size = features.size() - first < kAtOnce ? features.size() - first : kAtOnce;
    for (std::size_t k = 0; k < size; ++k) group[k] = features[first + k];
    const auto at = places_of(group.data(), ids, count);
    for (std::size_t k = 0; k < size; ++k) found(first + k, at[k], ids[at[k]] == group[k]);
  }
}

}  // namespace

std::size_t look_up(std::span<const std::uint32_t> features, const std::uint32_t* ids, std::size_t count,
                    std::uint32_t* places) noexcept {
  std::size_t matched = 0;
  for_each_found(features, ids, count, [&](std::size_t, std::size_t place, bool is_there) {
    places[matched] = static_cast<std::uint32_t>(place);
    matched += is_there ? 1 : 0;
  });
  return matched;
}

void add_products(std::span<const std::uint32_t> features, std::span<const float> values, const SparseMatrix& rows,
                  std::span<const std::uint32_t> which, float* sums) noexcept {
  for (std::size_t i = 0; i < which.size(); ++i) {
    if (i + kAhead < which.size()) ask_for_ids(rows, which[i + kAhead]);
    const std::uint64_t at = rows.offsets[which[i]];
    for_each_found(features, rows.ids.data() + at, rows.offsets[which[i] + 1] - at,
                   [&](std::size_t j, std::size_t place, bool is_there) {
                     if (is_there) sums[i] += values[j] * widened(rows.values[at + place]);
                   });
  }
}

}  // namespace glissade
