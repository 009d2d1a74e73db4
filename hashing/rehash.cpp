#include <algorithm>
#include <cassert>
#include <functional>

#include "hashing/hash_rows.h"
#include "hashing/parallel.h"
#include "hashing/reservoir.h"
#include "hashing/seeds.h"
#include "hashing/tables.h"

namespace glissade::hashing {
namespace {

constexpr std::size_t kCodeBytes = std::size_t{64} << 20;  // for the new codes of one chunk of moved rows
constexpr std::size_t kLeastChunk = 65536;

/// Which rows moved, one bit each: small enough for the second-level cache at a million rows.
class RowBits {
 public:
  RowBits(std::size_t rows, std::span<const std::uint32_t> set) : words_(rows / 64 + 1, 0) {
    for (const std::uint32_t id : set) words_[id / 64] |= std::uint64_t{1} << (id % 64);
  }
  bool test(std::uint32_t id) const noexcept { return (words_[id / 64] >> (id % 64) & 1) != 0; }

 private:
  std::vector<std::uint64_t> words_;
};

/// The moved rows of one table, ordered by (new code, id).
struct Arrivals {
  std::vector<std::uint32_t> ends;  // as the offsets of a table, without the leading 0
  std::vector<std::uint32_t> ids;

  void sort(std::span<const std::uint32_t> moved, const std::uint32_t* codes) noexcept {
    std::fill(ends.begin(), ends.end(), 0u);
    for (std::size_t i = 0; i < moved.size(); ++i) ++ends[codes[i]];
    std::uint32_t begin = 0;
    for (std::uint32_t& end : ends) {
      const std::uint32_t size = end;
      end = begin;
      begin += size;
    }
    for (std::size_t i = 0; i < moved.size(); ++i) ids[ends[codes[i]]++] = moved[i];
  }
};

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

struct Cap {
  std::uint32_t rows;  // 0 = none
  std::uint64_t seed;
};

/// Walks the old buckets in order, writes the new ones to `out` and replaces the offsets on the way; returns the number of ids.
std::uint32_t merge_table(std::vector<std::uint32_t>& offsets, const std::vector<std::uint32_t>& ids, const RowBits& moved,
                          const Arrivals& arrivals, Cap cap, std::uint32_t* out) noexcept {
  std::uint32_t* const base = out;
  std::uint32_t old_begin = 0;
  std::uint32_t come_begin = 0;
  for (std::size_t c = 0; c + 1 < offsets.size(); ++c) {
    const std::uint32_t old_end = offsets[c + 1];
    const std::uint32_t come_end = arrivals.ends[c];
    std::uint32_t* const begin = out;
    out = merge({ids.data() + old_begin, old_end - old_begin}, moved, {arrivals.ids.data() + come_begin, come_end - come_begin},
                out);
    const auto size = static_cast<std::size_t>(out - begin);
    if (cap.rows != 0 && size > cap.rows) {
      keep_sample({begin, size}, cap.rows, derive(cap.seed, c));
      out = begin + cap.rows;
    }
    offsets[c + 1] = static_cast<std::uint32_t>(out - base);
    old_begin = old_end;
    come_begin = come_end;
  }
  return static_cast<std::uint32_t>(out - base);
}

}  // namespace

void Tables::rehash(const VectorSource& source, const Family& family, std::span<const std::uint32_t> moved) {
  assert(source.count() == rows_);
  assert(family.params().tables == tables_.size() && table_bits(family.params()) == bits_);
  assert(std::adjacent_find(moved.begin(), moved.end(), std::greater_equal<>{}) == moved.end());
  assert(moved.empty() || moved.back() < rows_);
  if (moved.size() == rows_) return build(source, family);
  const std::size_t chunk = std::max(kLeastChunk, kCodeBytes / (tables_.size() * sizeof(std::uint32_t)));
  for (std::size_t first = 0; first < moved.size(); first += chunk)
    rehash_chunk(source, family, moved.subspan(first, std::min(chunk, moved.size() - first)));
}

void Tables::rehash_chunk(const VectorSource& source, const Family& family, std::span<const std::uint32_t> moved) {
  ++round_;
  std::vector<std::uint32_t> codes(tables_.size() * moved.size());
  std::vector<std::uint32_t*> columns(tables_.size());
  for (std::size_t t = 0; t < tables_.size(); ++t) columns[t] = codes.data() + t * moved.size();
  hash_rows(source, family, moved.data(), moved.size(), columns);

  const RowBits bits(rows_, moved);
  struct Scratch {
    Arrivals arrivals;
    std::vector<std::uint32_t> ids;
  };
  const std::size_t workers = worker_count(tables_.size());
  std::vector<Scratch> scratch(workers);
  for (Scratch& s : scratch) {
    s.arrivals.ends.resize(std::size_t{1} << bits_);
    s.arrivals.ids.resize(moved.size());
    s.ids.resize(rows_);
  }
  for (Table& table : tables_) table.ids.reserve(std::min<std::size_t>(rows_, table.ids.size() + moved.size()));
  for_chunks(tables_.size(), 1, workers, [&](std::size_t worker, std::size_t t, std::size_t) noexcept {
    Scratch& s = scratch[worker];
    Table& table = tables_[t];
    s.arrivals.sort(moved, columns[t]);
    const Cap cap{bucket_cap_, reservoir_seed(static_cast<std::uint32_t>(t))};
    const std::uint32_t count = merge_table(table.offsets, table.ids, bits, s.arrivals, cap, s.ids.data());
    table.ids.assign(s.ids.begin(), s.ids.begin() + count);  // reserved above
  });
}

}  // namespace glissade::hashing
