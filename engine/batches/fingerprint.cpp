#include "engine/batches/fingerprint.h"

#define XXH_INLINE_ALL
#include <oneapi/tbb/parallel_for.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>

namespace glissade {
namespace {

void add_bytes(XXH3_state_t& state, const void* bytes, std::size_t size) noexcept {
  if (size != 0) XXH3_64bits_update(&state, bytes, size);
}

/// Lengths, ids and values of rows begin .. end - 1. No values and values of 1 are the same.
void add_rows(XXH3_state_t& state, const SparseRows& rows, std::size_t begin, std::size_t end, bool with_values) {
  std::vector<std::uint64_t> lengths;
  for (std::size_t row = begin; row < end; ++row) lengths.push_back(rows.offsets[row + 1] - rows.offsets[row]);
  add_bytes(state, lengths.data(), lengths.size() * sizeof(std::uint64_t));
  const std::uint64_t first = rows.offsets[begin], count = rows.offsets[end] - first;
  add_bytes(state, rows.ids.data() + first, count * sizeof(std::uint32_t));
  if (!with_values) return;
  if (!rows.values.empty()) return add_bytes(state, rows.values.data() + first, count * sizeof(float));
  const std::vector<float> ones(std::min<std::uint64_t>(count, Fingerprint::kRows), 1.f);
  for (std::uint64_t left = count; left > 0; left -= std::min<std::uint64_t>(left, ones.size()))
    add_bytes(state, ones.data(), std::min<std::uint64_t>(left, ones.size()) * sizeof(float));
}

/// Rows without a vector count by their number, so that moving them is a difference.
void add_vectors(XXH3_state_t& state, const DenseRows& vectors, std::size_t begin, std::size_t end) {
  for (std::size_t row = begin; row < end && !vectors.empty(); ++row) {
    const auto vector = vectors.row(row);
    if (vector.empty()) add_bytes(state, &row, sizeof row);
    add_bytes(state, vector.data(), vector.size_bytes());
  }
}

void add_weights(XXH3_state_t& state, std::span<const float> weights, std::size_t begin, std::size_t end) {
  if (!weights.empty()) add_bytes(state, weights.data() + begin, (end - begin) * sizeof(float));
}

struct FreeState {
  void operator()(XXH3_state_t* state) const noexcept { XXH3_freeState(state); }
};

}  // namespace

void Fingerprint::add(const DatasetView& data, std::size_t begin, std::size_t end) {
  const std::size_t first = parts_.size(), count = (end - begin + kRows - 1) / kRows;
  parts_.resize(first + count);
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t part) {
    const std::size_t from = begin + part * kRows, to = std::min(end, from + kRows);
    const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
    if (!state) throw std::bad_alloc();
    XXH3_64bits_reset(state.get());
    add_rows(*state, data.features, from, to, true);
    add_rows(*state, data.labels, from, to, false);
    add_vectors(*state, data.vectors, from, to);
    add_weights(*state, data.weights, from, to);
    parts_[first + part] = XXH3_64bits_digest(state.get());
  });
}

std::uint64_t Fingerprint::value(std::size_t added) const noexcept {
  std::uint64_t hash = XXH3_64bits(parts_.data(), parts_.size() * sizeof(std::uint64_t));
  if (added != 0) hash = XXH3_64bits_withSeed(&hash, sizeof hash, added);  // files from before rows were added know none
  return hash != 0 ? hash : 1;
}

std::uint64_t text_fingerprint(std::span<const std::uint32_t> tokens) noexcept {
  const std::uint64_t hash = XXH3_64bits(tokens.data(), tokens.size_bytes());
  return hash != 0 ? hash : 1;
}

std::uint64_t fingerprint(const DatasetView& data) {
  Fingerprint hash;
  hash.add(data, 0, data.size());
  return hash.value(data.added);
}

}  // namespace glissade
