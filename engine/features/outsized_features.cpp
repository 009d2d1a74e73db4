#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <functional>
#include <iterator>

#include <glissade/outsized_features.h>

#include "engine/features/row_windows.h"

namespace glissade {
namespace {

/// Raises `largest` to `magnitude`. Of numbers from 0 on, bits have the order of values.
void raise(std::uint32_t& largest, float magnitude) noexcept {
  const std::atomic_ref<std::uint32_t> shared(largest);
  const auto bits = std::bit_cast<std::uint32_t>(magnitude);
  std::uint32_t before = shared.load(std::memory_order_relaxed);
  while (before < bits && !shared.compare_exchange_weak(before, bits, std::memory_order_relaxed)) {
  }
}

/// Largest magnitude of each feature's values, as bits.
std::vector<std::uint32_t> largest_values(const DatasetView& data, const RowPager* pager) {
  std::vector<std::uint32_t> largest(data.feature_count, 0);
  for_each_row_in_parallel(data, pager, [&](std::size_t row) {
    const auto ids = data.features.row_ids(row);
    const auto values = data.features.row_values(row);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] < largest.size() && std::isfinite(values[i])) raise(largest[ids[i]], std::abs(values[i]));
    }
  });
  return largest;
}

}  // namespace

std::vector<OutsizedFeature> find_outsized_features(const DatasetView& data, const RowPager* pager) {
  if (data.features.values.empty()) return {};
  const std::vector<std::uint32_t> largest = largest_values(data, pager);
  std::vector<std::uint32_t> used;
  std::ranges::copy_if(largest, std::back_inserter(used), [](std::uint32_t bits) { return bits != 0; });
  if (used.empty()) return {};
  const auto middle = used.begin() + static_cast<std::ptrdiff_t>(used.size() / 2);
  std::ranges::nth_element(used, middle);
  const auto typical = std::bit_cast<float>(*middle);
  std::vector<OutsizedFeature> found;
  for (std::uint32_t feature = 0; feature < largest.size(); ++feature) {
    const auto value = std::bit_cast<float>(largest[feature]);
    if (double{value} > double{kOutsized} * typical) found.push_back({feature, value, typical});
  }
  std::ranges::stable_sort(found, std::greater<>(), &OutsizedFeature::largest);
  return found;
}

}  // namespace glissade
