#include "engine/batches/checked_vectors.h"

#include <fmt/format.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <algorithm>
#include <cmath>

namespace glissade {
namespace {

bool is_bad(const DenseRows& vectors, std::size_t row) noexcept {
  const std::uint32_t place = vectors.place(row);
  if (place == DenseRows::kNone) return false;
  if (place >= vectors.count) return true;
  return !std::ranges::all_of(vectors.row(row), [](float value) { return std::isfinite(value); });
}

std::size_t first_bad(const DenseRows& vectors) {
  const std::size_t rows = vectors.rows();
  return tbb::parallel_reduce(
      tbb::blocked_range<std::size_t>(0, rows, 256), rows,
      [&](const tbb::blocked_range<std::size_t>& range, std::size_t bad) {
        for (std::size_t row = range.begin(); row != range.end() && bad == rows; ++row) {
          if (is_bad(vectors, row)) return row;
        }
        return bad;
      },
      [](std::size_t a, std::size_t b) { return std::min(a, b); });
}

}  // namespace

Result<void> check_vectors(const DenseRows& vectors, std::size_t rows, std::uint32_t width, std::uint64_t first_row) {
  if (width == 0 && vectors.empty()) return {};
  if (width == 0)
    return usage_error(fmt::format("there are vectors of {} numbers, the model takes none; leave them out", vectors.width));
  if (vectors.empty())
    return usage_error(fmt::format("the model takes a vector of {} numbers with each row, and there are none; give them", width));
  if (vectors.width != width)
    return usage_error(fmt::format("the vectors have {} numbers each, those of the model {}; give vectors of the same kind",
                                   vectors.width, width));
  if (vectors.rows() != rows)
    return usage_error(fmt::format("there are {} vectors and {} rows; give one for each row", vectors.rows(), rows));
  const std::size_t bad = first_bad(vectors);
  if (bad == rows) return {};
  if (vectors.place(bad) >= vectors.count)
    return usage_error(fmt::format("vector row {}: its place {} is not below {}; give places within the memory", first_row + bad,
                                   vectors.place(bad), vectors.count));
  const auto vector = vectors.row(bad);
  const auto at = std::ranges::find_if_not(vector, [](float value) { return std::isfinite(value); });
  return runtime_error(fmt::format("vector row {}: number {} of it, {}, is not finite; leave the row out, or use 0",
                                   first_row + bad, at - vector.begin(), *at));
}

}  // namespace glissade
