#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/parameters/parameter_rows.h"
#include "engine/topology/exchange.h"
#include "engine/topology/first_connections.h"
#include "simd/kernels.h"

namespace glissade {

void ParameterRows::draw_connections(std::size_t first_pattern) {
  constexpr std::size_t kGrain = 1024;
  const auto width = static_cast<std::uint32_t>(width_);
  tbb::parallel_for(tbb::blocked_range<std::size_t>(first_pattern, patterns(), kGrain),
                    [&](const tbb::blocked_range<std::size_t>& range) {
                      for (std::size_t i = range.begin(); i != range.end(); ++i) {
                        const std::uint32_t number = options_.owners.row_at(static_cast<std::uint32_t>(i));
                        first_connections(options_.connection_seed, options_.stream, number, width, pattern(i));
                      }
                    });
}

void ParameterRows::connect_largest_sums(std::size_t pattern, std::span<const std::uint32_t> order) {
  static thread_local std::vector<float> values, sums;
  values.resize(width_);
  sums.assign(width_, 0.f);
  for (const std::uint32_t row : order.subspan(pattern * block(), std::min(block(), order.size() - pattern * block()))) {
    read(row, values.data());
    for (std::size_t column = 0; column < width_; ++column) sums[column] += std::fabs(values[column]);
  }
  connect_largest(order[pattern * block()], sums.data());
}

void ParameterRows::share_connections(std::span<const std::uint32_t> order, bool largest) {
  for (std::size_t place = 0; place < order.size(); ++place) places[order[place]] = static_cast<std::uint32_t>(place);
  if (largest) tbb::parallel_for(std::size_t{0}, patterns(), [&](std::size_t i) { connect_largest_sums(i, order); });
  open_ = false;
  constexpr std::size_t kGrain = 256;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, rows_, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      if (!is_whole(row)) cut_to_connections(row);
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

float ParameterRows::reconnect(std::size_t row, std::span<const std::uint16_t> columns) {
  // Where each new connection's numbers lie now; the place behind the last: nowhere, it is new.
  static thread_local std::vector<std::uint32_t> places;
  static thread_local std::vector<float> kept_weights, numbers;
  static thread_local std::vector<std::uint16_t> halves;
  const std::span<std::uint16_t> now = connections_of(row);
  const std::size_t size = now.size(), at = begin(row);
  kept_weights.resize(size);
  places.assign(size, static_cast<std::uint32_t>(size));
  numbers.assign(size + 1, 0.f);
  halves.assign(size + 1, 0);
  read_kept(row, kept_weights.data());
  float dropped = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < size; ++i) {
    while (next < columns.size() && columns[next] < now[i]) ++next;
    if (next < columns.size() && columns[next] == now[i]) {
      places[next] = static_cast<std::uint32_t>(i);
    } else {
      dropped += kept_weights[i] * kept_weights[i];
    }
  }
  const auto move = [&](auto& array, auto& before) {
    if (array.empty()) return;
    std::copy_n(array.data() + at, size, before.data());
    for (std::size_t i = 0; i < size; ++i) array[at + i] = before[places[i]];
  };
  for (Array<float>* array : {&weights, &first_moment, &second_moment}) move(*array, numbers);
  for (Array<std::uint16_t>* array : {&high, &low, &first_moment_bf16, &second_moment_bf16}) move(*array, halves);
  std::ranges::copy(columns, now.begin());
  return dropped;
}

bool ParameterRows::connections_are_sound() const noexcept {
  for (std::size_t i = 0; i < patterns() && !connections.empty(); ++i) {
    const auto columns = std::as_const(*this).pattern(i);
    if (columns.back() >= width_) return false;
    for (std::size_t j = 1; j < columns.size(); ++j) {
      if (columns[j - 1] >= columns[j]) return false;
    }
  }
  std::vector<bool> taken(places.size());
  for (std::size_t row = 0; row < rows_ && !places.empty(); ++row) {
    if (places[row] >= rows_ || taken[places[row]]) return false;
    taken[places[row]] = true;
  }
  return true;
}

void ParameterRows::end_whole() noexcept {
  if (fan_in() == 0) return;
  open_ = false;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (is_whole(row)) cut_to_connections(row);
  }
  for (std::size_t i = 0; i < patterns() && options_.starts_whole; ++i) connection_steps[i] = std::max(connection_steps[i], 1u);
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
  if (compact_) return;
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
