#include "hashing/rehash_job.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <utility>

#include "hashing/hash_rows.h"
#include "hashing/parallel.h"

namespace glissade::hashing {
namespace {

constexpr std::size_t kCodeBytes = std::size_t{64} << 20;  // for the new codes of one chunk of moved rows
constexpr std::size_t kLeastChunk = 65536;
constexpr std::size_t kHashSlice = 4096;  // rows hashed together: a few milliseconds at 50 tables
constexpr std::size_t kMergeSlice = 2;    // tables merged together: two threads have work, for the time of one walk

// Work is counted in ids passed by while a table is walked; hashing a row for one table, or sorting it into one, costs about as
// much as this many. Only the evenness of the slices depends on it.
constexpr double kHashWork = 4;
constexpr double kSortWork = 3;

constexpr std::uint64_t chunk_limit(std::uint64_t tables) noexcept {
  return std::max<std::uint64_t>(kLeastChunk, kCodeBytes / (tables * sizeof(std::uint32_t)));
}

}  // namespace

void RehashJob::start(const Tables& tables, std::vector<std::uint32_t> moved) {
  assert(std::adjacent_find(moved.begin(), moved.end(), std::greater_equal<>{}) == moved.end());
  assert(moved.empty() || moved.back() < tables.rows());
  moved_ = std::move(moved);
  tables_ = tables.tables();
  chunk_limit_ = chunk_limit(tables_);
  first_ = hashed_ = merged_ = 0;
  merge_work_ = static_cast<double>(tables.rows() + (std::size_t{1} << tables.bits()));
  const std::size_t chunks = (moved_.size() + chunk_limit_ - 1) / chunk_limit_;
  const double per_row = (kHashWork + kSortWork) * static_cast<double>(moved_.size());
  work_ = static_cast<double>(tables_) * (static_cast<double>(chunks) * merge_work_ + per_row);
  work_done_ = 0;
}

void RehashJob::drop() noexcept {
  moved_.clear();
  first_ = hashed_ = merged_ = 0;
}

std::size_t RehashJob::chunk_size() const noexcept { return std::min(chunk_limit_, moved_.size() - first_); }

std::span<const std::uint32_t> RehashJob::advance(double share, Tables& tables, const VectorSource& source,
                                                  const Family& family) {
  assert(source.count() == tables.rows() && family.params().tables == tables.tables());
  assert(done() || tables.tables() == tables_);
  const std::size_t read_before = first_ + hashed_;
  while (!done() && (share >= 1 || work_done_ < share * work_)) {
    if (hashed_ < chunk_size())
      hash_slice(source, family);
    else
      merge_slice(tables);
  }
  return std::span(moved_).subspan(read_before, first_ + hashed_ - read_before);
}

std::vector<std::uint32_t> RehashJob::pending_codes() const {
  std::vector<std::uint32_t> codes;
  codes.reserve(hashed_ * tables_);
  for (std::size_t t = 0; t < tables_ && hashed_ > 0; ++t) {
    const std::uint32_t* const begin = codes_.get() + t * chunk_size();
    codes.insert(codes.end(), begin, begin + hashed_);
  }
  return codes;
}

bool RehashJob::restore(Tables& tables, std::vector<std::uint32_t> moved, const Place& place,
                        std::span<const std::uint32_t> codes) {
  drop();
  const bool ascending = std::adjacent_find(moved.begin(), moved.end(), std::greater_equal<>{}) == moved.end();
  if (!ascending || (!moved.empty() && moved.back() >= tables.rows()) || place.first > moved.size()) return false;
  start(tables, std::move(moved));
  first_ = place.first;
  const std::size_t chunk = chunk_size();
  const bool fits = std::isfinite(place.work_done) && place.hashed <= chunk && (place.merged == 0 || place.hashed == chunk) &&
                    (done() || place.merged < tables_) && codes.size() == place.hashed * tables_ &&
                    std::ranges::all_of(codes, [&](std::uint32_t code) { return code >> tables.bits() == 0; });
  if (!fits) {
    drop();
    return false;
  }
  hashed_ = place.hashed;
  merged_ = place.merged;
  work_done_ = place.work_done;
  if (hashed_ > 0) take_codes(chunk);
  for (std::size_t t = 0; t < tables_ && hashed_ > 0; ++t)
    std::ranges::copy(codes.subspan(t * hashed_, hashed_), codes_.get() + t * chunk);
  if (merged_ > 0) prepare_merge(tables);
  return true;
}

void RehashJob::take_codes(std::size_t chunk) {
  if (codes_size_ >= chunk * tables_) return;
  codes_.reset();
  codes_ = std::make_unique_for_overwrite<std::uint32_t[]>(chunk * tables_);
  codes_size_ = chunk * tables_;
}

void RehashJob::hash_slice(const VectorSource& source, const Family& family) {
  const std::size_t chunk = chunk_size();
  take_codes(chunk);
  const std::size_t count = std::min(kHashSlice, chunk - hashed_);
  std::vector<std::uint32_t*> columns(tables_);
  for (std::size_t t = 0; t < tables_; ++t) columns[t] = codes_.get() + t * chunk + hashed_;
  hash_rows(source, family, moved_.data() + first_ + hashed_, count, columns);
  hashed_ += count;
  work_done_ += kHashWork * static_cast<double>(count * tables_);
}

void RehashJob::begin_merge(Tables& tables) {
  ++tables.round_;
  prepare_merge(tables);
}

/// Takes all memory that merging the chunk needs, so that the parallel part never throws.
void RehashJob::prepare_merge(Tables& tables) {
  in_chunk_.reset(tables.rows_);
  for (const std::uint32_t id : std::span(moved_).subspan(first_, hashed_)) in_chunk_.set(id);
  spares_.resize(std::max(spares_.size(), worker_count(std::min(kMergeSlice, tables_))));
  for (Spare& spare : spares_) {
    spare.arrivals.reserve(std::size_t{1} << tables.bits_, hashed_);
    spare.ids.resize(tables.rows_);
  }
  for (Tables::Table& table : tables.tables_) table.ids.reserve(std::min<std::size_t>(tables.rows_, table.ids.size() + hashed_));
}

void RehashJob::merge_slice(Tables& tables) {
  if (merged_ == 0) begin_merge(tables);
  const std::size_t count = std::min(kMergeSlice, tables_ - merged_);
  const std::span<const std::uint32_t> chunk = std::span(moved_).subspan(first_, hashed_);
  for_chunks(
      count, 1, std::min(spares_.size(), worker_count(count)), [&](std::size_t worker, std::size_t i, std::size_t) noexcept {
        Spare& spare = spares_[worker];
        const std::size_t t = merged_ + i;
        Tables::Table& table = tables.tables_[t];
        spare.arrivals.sort(chunk, codes_.get() + t * chunk.size());
        const BucketCap cap{tables.bucket_cap_, tables.reservoir_seed(static_cast<std::uint32_t>(t))};
        const std::size_t size = merge_table(table.offsets, table.ids.data(), in_chunk_, spare.arrivals, cap, spare.ids.data());
        // A capped table is smaller than its spare, so it keeps its own array, which begin_merge made large enough.
        if (size == spare.ids.size() && table.ids.size() == size)
          table.ids.swap(spare.ids);
        else
          table.ids.assign(spare.ids.begin(), spare.ids.begin() + static_cast<std::ptrdiff_t>(size));
      });
  work_done_ += static_cast<double>(count) * (merge_work_ + kSortWork * static_cast<double>(hashed_));
  merged_ += count;
  if (merged_ < tables_) return;
  first_ += std::exchange(hashed_, 0);
  merged_ = 0;
}

std::size_t RehashJob::memory_bytes() const noexcept {
  std::size_t ids = moved_.capacity() + codes_size_;
  for (const Spare& spare : spares_) ids += spare.ids.capacity() + spare.arrivals.size();
  return ids * sizeof(std::uint32_t);
}

std::uint64_t RehashJob::most_bytes(std::uint64_t tables, std::uint32_t bits, std::uint64_t rows,
                                    std::uint64_t threads) noexcept {
  const std::uint64_t chunk = std::min(rows, chunk_limit(tables));
  const std::uint64_t spares = std::min({threads, tables, std::uint64_t{kMergeSlice}});
  return sizeof(std::uint32_t) * (rows + chunk * tables + spares * (rows + chunk + (std::uint64_t{1} << bits)));
}

}  // namespace glissade::hashing
