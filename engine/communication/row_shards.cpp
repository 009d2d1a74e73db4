#include "engine/communication/row_shards.h"

#include <vector>

namespace glissade {

void RowShards::keep(Result<void> done) {
  if (!done && !error_) error_ = done.error();
}

void RowShards::begin_sum(std::span<float> values) {
  if (!error_) sum_ = ranks_.start_all_reduce(values, wire_);
}

void RowShards::end_sum() { keep(sum_.wait()); }

void RowShards::sum(std::span<float> values) {
  begin_sum(values);
  if (!error_) end_sum();
}

void RowShards::sum(std::span<double> values) {
  if (!error_) keep(ranks_.all_reduce(values));
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

void RowShards::gather_bytes(std::span<const std::byte> mine, std::span<const std::size_t> counts, std::size_t size,
                             std::span<std::byte> all) {
  std::vector<std::size_t> bytes(counts.begin(), counts.end());
  for (std::size_t& one : bytes) one *= size;
  if (!error_) keep(ranks_.all_gather_v(mine, bytes, all));
}

void RowShards::gather(std::span<const float> mine, std::span<const std::size_t> counts, std::span<float> all) {
  gather_bytes(std::as_bytes(mine), counts, sizeof(float), std::as_writable_bytes(all));
}

void RowShards::gather(std::span<const std::uint32_t> mine, std::span<const std::size_t> counts, std::span<std::uint32_t> all) {
  gather_bytes(std::as_bytes(mine), counts, sizeof(std::uint32_t), std::as_writable_bytes(all));
}

void RowShards::gather_unknown(std::span<const std::byte> mine, std::vector<std::vector<std::byte>>& all) {
  all.resize(static_cast<std::size_t>(size()));
  if (!error_) keep(ranks_.all_gather_unknown(mine, all));
}

}  // namespace glissade
