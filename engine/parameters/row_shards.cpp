#include "engine/parameters/row_shards.h"

#include <array>
#include <vector>

namespace glissade {
namespace {

/// Calls visit(bytes of one row, that row's begin) of each array; arrays with a number for each weight, and for each row.
template <class Rows, class Visit>
void for_each_row_array(Rows& rows, const Visit& visit) {
  const std::size_t stride = rows.stride();
  const auto of = [&](auto& array, std::size_t per_row) {
    if (array.empty()) return;
    visit(reinterpret_cast<std::byte*>(array.data()), per_row * sizeof(*array.data()));
  };
  of(rows.weights, stride);
  of(rows.high, stride);
  of(rows.low, stride);
  of(rows.bias, 1);
  of(rows.first_moment, stride);
  of(rows.first_moment_bf16, stride);
  of(rows.second_moment, stride);
  of(rows.second_moment_bf16, stride);
  of(rows.row_second_moment, 1);
  of(rows.bias_first_moment, 1);
  of(rows.bias_second_moment, 1);
  of(rows.row_steps, 1);
}

}  // namespace

void RowShards::keep(Result<void> done) {
  if (!done && !error_) error_ = done.error();
}

void RowShards::sum(std::span<float> values) {
  if (!error_) keep(ranks_.all_reduce(values, wire_));
}

void RowShards::exchange() {
  told_count_ = told_.size();
  heard_.assign(told_count_ * static_cast<std::size_t>(size()), 0);
  const std::vector<std::size_t> bytes(static_cast<std::size_t>(size()), told_count_ * sizeof(double));
  if (!error_) keep(ranks_.all_gather_v(std::as_bytes(std::span(told_)), bytes, std::as_writable_bytes(std::span(heard_))));
  told_.clear();
}

double RowShards::heard_sum(std::size_t i) const noexcept {
  double sum = 0;
  for (int rank = 0; rank < size(); ++rank) sum += heard(rank, i);
  return sum;
}

void RowShards::gather(std::span<const float> mine, std::span<float> all) {
  const std::vector<std::size_t> bytes(static_cast<std::size_t>(size()), mine.size_bytes());
  if (!error_) keep(ranks_.all_gather_v(std::as_bytes(mine), bytes, std::as_writable_bytes(all)));
}

/// A stretch of each array at a time, so that nothing is held twice.
void RowShards::gather_rows(ParameterRows& rows) {
  const RowOwners own = owners(rows);
  for (int from = 1; from < size(); ++from) {
    const bool sends = rank() == from, takes = rank() == 0;
    own.for_each_stretch(static_cast<std::uint32_t>(from), rows.rows(), [&](std::size_t begin, std::size_t end) {
      for_each_row_array(rows, [&](std::byte* array, std::size_t row_bytes) {
        const std::span<std::byte> stretch(array + begin * row_bytes, (end - begin) * row_bytes);
        std::vector<std::span<const std::byte>> out(static_cast<std::size_t>(size()));
        std::vector<std::span<std::byte>> in(static_cast<std::size_t>(size()));
        if (sends) out[0] = stretch;
        if (takes) in[static_cast<std::size_t>(from)] = stretch;
        if (!error_) keep(ranks_.all_to_all_v(out, in));
      });
    });
  }
}

}  // namespace glissade
