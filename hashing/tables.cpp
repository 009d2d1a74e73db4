#include "hashing/tables.h"

#include <algorithm>
#include <cassert>

#include "hashing/hash_rows.h"
#include "hashing/parallel.h"
#include "hashing/reservoir.h"
#include "hashing/seeds.h"

namespace glissade::hashing {

Tables::Tables(std::uint32_t tables, std::uint32_t bits, std::uint32_t rows, std::uint32_t bucket_cap, std::uint64_t seed)
    : bits_(bits), rows_(rows), bucket_cap_(bucket_cap), seed_(seed), tables_(tables) {
  assert(tables > 0 && bits > 0 && bits <= kMaxTableBits);
  for (Table& table : tables_) table.offsets.assign((std::size_t{1} << bits) + 1, 0);
}

void Tables::build(const VectorSource& source, const Family& family) {
  assert(source.count() == rows_);
  assert(family.params().tables == tables_.size() && table_bits(family.params()) == bits_);
  round_ = 0;
  // A table's codes take the place of its ids, which are about to be replaced; so a full build needs little more than the tables.
  std::vector<std::uint32_t*> columns(tables_.size());
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    tables_[t].ids.resize(rows_);
    columns[t] = tables_[t].ids.data();
  }
  hash_rows(source, family, nullptr, rows_, columns);
  const std::size_t workers = worker_count(tables_.size());
  std::vector<std::vector<std::uint32_t>> spare(workers, std::vector<std::uint32_t>(rows_));
  for_chunks(tables_.size(), 1, workers, [&](std::size_t worker, std::size_t table, std::size_t) noexcept {
    sort_by_code(static_cast<std::uint32_t>(table), spare[worker]);
  });
}

/// Counting sort of the rows by the code that stands in their place; stable, so ids ascend inside a bucket. The sorted ids are
/// made in `spare`, which then changes places with the table's own array.
void Tables::sort_by_code(std::uint32_t table, std::vector<std::uint32_t>& spare) noexcept {
  const std::vector<std::uint32_t>& codes = tables_[table].ids;
  std::vector<std::uint32_t>& offsets = tables_[table].offsets;
  const std::size_t buckets = offsets.size() - 1;
  std::fill(offsets.begin(), offsets.end(), 0u);
  for (const std::uint32_t code : codes) ++offsets[code + 1];
  // offsets[c + 1] goes from the size of bucket c to its begin, and, while it serves as cursor, to its end: the begin of c + 1.
  std::uint32_t begin = 0;
  for (std::size_t c = 0; c < buckets; ++c) {
    const std::uint32_t size = offsets[c + 1];
    offsets[c + 1] = begin;
    begin += size;
  }
  for (std::uint32_t row = 0; row < rows_; ++row) spare[offsets[codes[row] + 1]++] = row;
  tables_[table].ids.swap(spare);
  if (bucket_cap_ != 0) apply_cap(table);
}

void Tables::clear() noexcept {
  round_ = 0;
  for (Table& table : tables_) {
    std::ranges::fill(table.offsets, 0u);
    table.ids.clear();
  }
}

/// Thins overfull buckets and closes the gaps.
void Tables::apply_cap(std::uint32_t table) noexcept {
  std::vector<std::uint32_t>& ids = tables_[table].ids;
  std::vector<std::uint32_t>& offsets = tables_[table].offsets;
  const std::uint64_t seed = reservoir_seed(table);
  std::uint32_t begin = 0;  // of the bucket at hand, before thinning
  std::uint32_t out = 0;
  for (std::size_t c = 0; c + 1 < offsets.size(); ++c) {
    const std::uint32_t end = offsets[c + 1];
    std::uint32_t size = end - begin;
    if (size > bucket_cap_) {
      keep_sample({ids.data() + begin, size}, bucket_cap_, derive(seed, c));
      size = bucket_cap_;
    }
    if (out != begin) std::copy_n(ids.data() + begin, size, ids.data() + out);
    out += size;
    offsets[c + 1] = out;
    begin = end;
  }
  ids.resize(out);
  ids.shrink_to_fit();
}

bool Tables::restore(std::uint32_t table, std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> ids,
                     std::uint64_t round) {
  const bool fits = offsets.size() == (std::size_t{1} << bits_) + 1 && offsets.front() == 0 && offsets.back() == ids.size() &&
                    ids.size() <= rows_ && std::ranges::is_sorted(offsets);
  if (!fits) return false;
  // A re-hash merges ascending buckets, and has room for each row once.
  std::vector<bool> seen(rows_);
  for (std::size_t c = 0; c + 1 < offsets.size(); ++c) {
    for (std::uint32_t i = offsets[c]; i < offsets[c + 1]; ++i) {
      if (ids[i] >= rows_ || seen[ids[i]] || (i > offsets[c] && ids[i - 1] > ids[i])) return false;
      seen[ids[i]] = true;
    }
  }
  tables_[table].offsets.assign(offsets.begin(), offsets.end());
  tables_[table].ids.assign(ids.begin(), ids.end());
  round_ = round;
  return true;
}

std::uint64_t Tables::reservoir_seed(std::uint32_t table) const noexcept { return derive(seed_, table, round_); }

std::size_t Tables::memory_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const Table& table : tables_) bytes += (table.offsets.capacity() + table.ids.capacity()) * sizeof(std::uint32_t);
  return bytes;
}

}  // namespace glissade::hashing
