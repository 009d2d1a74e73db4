#include "hashing/table_merge.h"

#include <algorithm>

#include "hashing/reservoir.h"
#include "hashing/seeds.h"

namespace glissade::hashing {
namespace {

/// Writes the ids of `stay` that did not move, merged with `come`, both ascending; returns the end.
std::uint32_t* merge(std::span<const std::uint32_t> stay, const RowBits& moved, std::span<const std::uint32_t> come,
                     std::uint32_t* out) noexcept {
  auto next = come.begin();
  for (const std::uint32_t id : stay) {
    if (moved.test(id)) continue;
    while (next != come.end() && *next < id) *out++ = *next++;
    *out++ = id;
  }
  return std::copy(next, come.end(), out);
}

}  // namespace

void Arrivals::reserve(std::size_t buckets, std::size_t rows) {
  ends_.resize(buckets);
  if (ids_.size() < rows) ids_.resize(rows);
}

void Arrivals::sort(std::span<const std::uint32_t> moved, const std::uint32_t* codes) noexcept {
  std::fill(ends_.begin(), ends_.end(), 0u);
  for (std::size_t i = 0; i < moved.size(); ++i) ++ends_[codes[i]];
  std::uint32_t begin = 0;
  for (std::uint32_t& end : ends_) {
    const std::uint32_t size = end;
    end = begin;
    begin += size;
  }
  for (std::size_t i = 0; i < moved.size(); ++i) ids_[ends_[codes[i]]++] = moved[i];
}

std::uint32_t merge_table(std::span<std::uint32_t> offsets, const std::uint32_t* ids, const RowBits& moved,
                          const Arrivals& arrivals, BucketCap cap, std::uint32_t* out) noexcept {
  std::uint32_t* const base = out;
  std::uint32_t old_begin = 0;
  for (std::size_t c = 0; c + 1 < offsets.size(); ++c) {
    const std::uint32_t old_end = offsets[c + 1];
    std::uint32_t* const begin = out;
    out = merge({ids + old_begin, old_end - old_begin}, moved, arrivals.bucket(c), out);
    const auto size = static_cast<std::size_t>(out - begin);
    if (cap.rows != 0 && size > cap.rows) {
      keep_sample({begin, size}, cap.rows, derive(cap.seed, c));
      out = begin + cap.rows;
    }
    offsets[c + 1] = static_cast<std::uint32_t>(out - base);
    old_begin = old_end;
  }
  return static_cast<std::uint32_t>(out - base);
}

}  // namespace glissade::hashing
