#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/parameters/parameter_rows.h"
#include "engine/topology/exchange.h"
#include "engine/topology/first_connections.h"
#include "simd/kernels.h"

namespace glissade {

void ParameterRows::draw_connections(std::size_t first) {
  constexpr std::size_t kGrain = 1024;
  const auto width = static_cast<std::uint32_t>(width_);
  tbb::parallel_for(tbb::blocked_range<std::size_t>(first, rows_, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      const std::uint32_t number = options_.owners.row_at(static_cast<std::uint32_t>(row));
      first_connections(options_.connection_seed, options_.stream, number, width, connections_of(row));
    }
  });
}

void ParameterRows::connect_largest(std::size_t row, const float* values) {
  static thread_local std::vector<ScoredConnection> all;
  all.clear();
  for (std::uint32_t column = 0; column < width(row); ++column) all.push_back({column, std::fabs(values[column])});
  keep_best(all, fan_in());
  const auto columns = connections_of(row);
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<std::uint16_t>(all[i].id);
  std::sort(columns.begin(), columns.end());
}

bool ParameterRows::connections_are_sound() const noexcept {
  for (std::size_t row = 0; row < rows_ && fan_in() != 0; ++row) {
    const auto columns = connections_of(row);
    if (columns.back() >= width_) return false;
    for (std::size_t i = 1; i < columns.size(); ++i) {
      if (columns[i - 1] >= columns[i]) return false;
    }
  }
  return true;
}

void ParameterRows::end_whole() noexcept {
  for (std::size_t row = 0; row < rows_ && fan_in() != 0; ++row) {
    if (!is_whole(row)) continue;
    connection_steps[row] = 1;
    cut_to_connections(row);
  }
}

void ParameterRows::clear_weight(std::size_t row, std::size_t column) noexcept {
  const std::size_t at = begin(row) + column;
  for (Array<float>* array : {&weights, &first_moment, &second_moment}) {
    if (!array->empty()) (*array)[at] = 0.f;
  }
  for (Array<std::uint16_t>* array : {&high, &low, &first_moment_bf16, &second_moment_bf16}) {
    if (!array->empty()) (*array)[at] = 0;
  }
}

void ParameterRows::cut_to_connections(std::size_t row) noexcept {
  std::size_t column = 0;
  for (const std::uint16_t connection : connections_of(row)) {
    for (; column < connection; ++column) clear_weight(row, column);
    ++column;
  }
  for (; column < width_; ++column) clear_weight(row, column);
}

double ParameterRows::square_of(std::size_t row, const float* gradient) const noexcept {
  if (fan_in() == 0 || is_whole(row)) return simd::kernels().sum_squares_f32(gradient, width(row));
  double sum = 0;
  for (const std::uint16_t connection : connections_of(row)) sum += double{gradient[connection]} * gradient[connection];
  return sum;
}

}  // namespace glissade
