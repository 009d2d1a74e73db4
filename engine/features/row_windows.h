#pragma once

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <glissade/views.h>

#include <algorithm>
#include <cstddef>

namespace glissade {

/// Calls visit(first, last) for windows of rows, one after another, which cover all rows. `pager`, if there is one, is told when
/// a window is done, so that paged data need no more memory than a window.
template <class Visit>
void for_each_window(const DatasetView& data, const RowPager* pager, const Visit& visit) {
  constexpr std::size_t kRowsAtOnce = 65536;
  for (std::size_t first = 0; first < data.size(); first += kRowsAtOnce) {
    const std::size_t last = std::min(data.size(), first + kRowsAtOnce);
    visit(first, last);
    if (pager != nullptr) pager->release(first, last);
  }
}

/// Calls visit(row) for all rows in ascending order, on this thread.
template <class Visit>
void for_each_row(const DatasetView& data, const RowPager* pager, const Visit& visit) {
  for_each_window(data, pager, [&](std::size_t first, std::size_t last) {
    for (std::size_t row = first; row < last; ++row) visit(row);
  });
}

/// Calls visit(row) for all rows, on many threads.
template <class Visit>
void for_each_row_in_parallel(const DatasetView& data, const RowPager* pager, const Visit& visit) {
  constexpr std::size_t kGrain = 1024;
  for_each_window(data, pager, [&](std::size_t first, std::size_t last) {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(first, last, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
      for (std::size_t row = range.begin(); row != range.end(); ++row) visit(row);
    });
  });
}

}  // namespace glissade
