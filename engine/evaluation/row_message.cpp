#include "engine/evaluation/row_message.h"

#include <cstdint>
#include <cstring>

namespace glissade {
namespace {

constexpr std::size_t kUnit = sizeof(std::uint64_t);

struct Head {
  std::uint64_t rows, entries, has_values, width;
};

/// Arrays begin at multiples of 8 bytes, so that they can be read where they lie.
template <class T>
void append(std::vector<std::byte>& message, std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  message.insert(message.end(), bytes.begin(), bytes.end());
  message.resize((message.size() + kUnit - 1) / kUnit * kUnit);
}

template <class T>
std::span<const T> take(std::span<const std::byte>& message, std::size_t count) {
  const std::span<const T> values(reinterpret_cast<const T*>(message.data()), count);
  const std::size_t bytes = (count * sizeof(T) + kUnit - 1) / kUnit * kUnit;
  message = message.subspan(bytes);
  return values;
}

}  // namespace

std::vector<std::byte> message_of(const InputRows& rows) {
  const SparseRows& sparse = rows.features;
  const std::uint64_t count = rows.rows(), first = count == 0 ? 0 : sparse.offsets[0];
  const std::uint64_t entries = count == 0 ? 0 : sparse.offsets[count] - first;
  const Head head{count, entries, sparse.values.empty() ? 0u : 1u, rows.vectors.width};
  std::vector<std::byte> message;
  append(message, std::span(&head, 1));
  std::vector<std::uint64_t> offsets(sparse.offsets.begin(), sparse.offsets.end());
  for (std::uint64_t& offset : offsets) offset -= first;
  offsets.resize(count + 1, 0);
  append(message, std::span<const std::uint64_t>(offsets));
  append(message, entries == 0 ? std::span<const std::uint32_t>() : sparse.ids.subspan(first, entries));
  if (head.has_values != 0) append(message, sparse.values.subspan(first, entries));
  if (head.width == 0) return message;
  std::vector<std::uint32_t> places(count);
  std::vector<float> vectors;
  for (std::size_t row = 0; row < count; ++row) {
    const std::span<const float> vector = rows.vectors.row(row);
    places[row] = vector.empty() ? DenseRows::kNone : static_cast<std::uint32_t>(vectors.size() / head.width);
    vectors.insert(vectors.end(), vector.begin(), vector.end());
  }
  append(message, std::span<const std::uint32_t>(places));
  append(message, std::span<const float>(vectors));
  return message;
}

MessageRows::MessageRows(std::span<const std::byte> message) {
  const Head head = take<Head>(message, 1)[0];
  rows_.features.offsets = take<std::uint64_t>(message, head.rows + 1);
  rows_.features.ids = take<std::uint32_t>(message, head.entries);
  if (head.has_values != 0) rows_.features.values = take<float>(message, head.entries);
  if (head.width == 0) return;
  const auto places = take<std::uint32_t>(message, head.rows);
  places_.assign(places.begin(), places.end());
  const std::size_t floats = message.size() / sizeof(float), width = static_cast<std::size_t>(head.width);
  rows_.vectors = {reinterpret_cast<const float*>(message.data()), static_cast<std::uint32_t>(width), width, floats / width,
                   places_};
}

}  // namespace glissade
