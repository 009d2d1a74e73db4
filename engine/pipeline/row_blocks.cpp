#include "engine/pipeline/row_blocks.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace glissade {

Result<void> RowBlocks::put(std::size_t block, RowBlock rows) {
  Place& place = places_[block];
  const std::array parts = {std::as_bytes(std::span(rows.ends)), std::as_bytes(std::span(rows.ids)),
                            std::as_bytes(std::span(rows.values)), std::as_bytes(std::span(rows.numbers))};
  if (!place.is_asked) {
    std::size_t bytes = 0;
    for (const auto part : parts) bytes += part.size();
    place.is_asked = true;
    place.is_stored = store_ != nullptr && store_->takes(bytes);
  }
  place.ends = rows.ends.size();
  place.ids = rows.ids.size();
  place.numbers = rows.numbers.size();
  if (place.is_stored) return store_->keep(block, parts);
  rows.ends.shrink_to_fit();
  rows.ids.shrink_to_fit();
  rows.values.shrink_to_fit();
  rows.numbers.shrink_to_fit();
  place.rows = std::move(rows);
  return {};
}

Result<RowBlock> RowBlocks::take(std::size_t block) {
  Place& place = places_[block];
  if (!place.is_stored) return std::exchange(place.rows, {});
  RowBlock rows;
  if (auto done = ends(block, rows.ends); !done) return done.error();
  if (auto done = ids(block, rows.ids); !done) return done.error();
  if (auto done = values(block, rows.values); !done) return done.error();
  const std::uint64_t begin = place.ends * sizeof(std::uint32_t) + place.ids * (sizeof(std::uint32_t) + sizeof(float));
  if (auto done = read(block, begin, place.numbers, rows.numbers); !done) return done.error();
  return rows;
}

bool RowBlocks::any_stored() const noexcept {
  return std::ranges::any_of(places_, [](const Place& place) { return place.is_stored; });
}

/// Each block is given up as soon as it has been copied, and pages of the copy are touched no earlier, so that all rows are never
/// there twice.
void RowBlocks::join(PipelineRows& rows) && {
  std::size_t row_count = 0, entries = 0;
  for (const Place& place : places_) {
    row_count += place.ends;
    entries += place.ids;
  }
  rows.offsets.reserve(row_count + 1);
  rows.ids.reserve(entries);
  rows.values.reserve(entries);
  for (Place& place : places_) {
    const std::uint64_t first = rows.ids.size();
    const RowBlock block = std::exchange(place.rows, {});
    for (const std::uint32_t end : block.ends) rows.offsets.push_back(first + end);
    rows.ids.insert(rows.ids.end(), block.ids.begin(), block.ids.end());
    rows.values.insert(rows.values.end(), block.values.begin(), block.values.end());
  }
}

template <class T>
Result<void> RowBlocks::read(std::size_t block, std::uint64_t begin, std::size_t count, std::vector<T>& out) const {
  out.resize(count);
  return store_->read(block, begin, std::as_writable_bytes(std::span(out)));
}

Result<void> RowBlocks::ends(std::size_t block, std::vector<std::uint32_t>& out) const {
  const Place& place = places_[block];
  if (place.is_stored) return read(block, 0, place.ends, out);
  out = place.rows.ends;
  return {};
}

Result<void> RowBlocks::ids(std::size_t block, std::vector<std::uint32_t>& out) const {
  const Place& place = places_[block];
  if (place.is_stored) return read(block, place.ends * sizeof(std::uint32_t), place.ids, out);
  out = place.rows.ids;
  return {};
}

Result<void> RowBlocks::values(std::size_t block, std::vector<float>& out) const {
  const Place& place = places_[block];
  if (place.is_stored) return read(block, (place.ends + place.ids) * sizeof(std::uint32_t), place.ids, out);
  out = place.rows.values;
  return {};
}

}  // namespace glissade
