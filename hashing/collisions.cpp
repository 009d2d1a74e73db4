#include "hashing/collisions.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

#include "hashing/seeds.h"

namespace glissade::hashing {
namespace {

constexpr std::size_t kBuckets = 64;     // whose memory is asked for together
constexpr std::size_t kIdsPerLine = 16;  // of a cache line of 64 bytes
constexpr std::size_t kMarksAhead = 24;  // of the row being counted: marks of a wide layer do not fit the nearer caches
constexpr std::size_t kLinesAhead = 4;   // of a bucket; the rest comes as the processor sees that it is read in order

/// Meets the sample's bucket in every table. Bounds of many buckets come in together, then the first ids of all, so that waiting
/// for memory is done about twice and not twice per table.
void meet_all(const Tables& tables, const GroupCodes& sample, CollisionCounter& counter) noexcept {
  assert(sample.samples == 1);
  counter.clear();
  std::array<std::span<const std::uint32_t>, kBuckets> buckets;
  for (std::uint32_t first = 0; first < tables.tables(); first += kBuckets) {
    const std::uint32_t end = std::min<std::uint32_t>(first + kBuckets, tables.tables());
    for (std::uint32_t t = first; t < end; ++t) tables.prefetch_bounds(t, sample.codes[t * sample.stride]);
    for (std::uint32_t t = first; t < end; ++t) {
      const auto bucket = buckets[t - first] = tables.bucket(t, sample.codes[t * sample.stride]);
      for (std::size_t i = 0; i < std::min(bucket.size(), kLinesAhead * kIdsPerLine); i += kIdsPerLine)
        __builtin_prefetch(bucket.data() + i);
    }
    for (std::uint32_t t = first; t < end; ++t) counter.add(buckets[t - first]);
  }
}

/// Calls visit(row) for the rows from a random place on, around, until it says that this was enough.
template <class Visit>
void visit_from_random_place(std::span<const std::uint32_t> rows, std::uint64_t seed, const Visit& visit) noexcept {
  if (rows.empty()) return;
  const std::size_t start = Random(mix(seed)).below(rows.size());
  for (const std::span<const std::uint32_t> part : {rows.subspan(start), rows.first(start)}) {
    for (const std::uint32_t row : part) {
      if (!visit(row)) return;
    }
  }
}

/// Appends rows of `from` while there is room.
template <class Wanted>
std::size_t append(const CollisionCounter& counter, std::span<const std::uint32_t> from, std::uint64_t seed, const Wanted& wanted,
                   std::span<Collision> out) noexcept {
  std::size_t size = 0;
  if (out.empty()) return size;
  visit_from_random_place(from, seed, [&](std::uint32_t row) {
    const std::uint32_t count = counter.count(row);
    if (wanted(count)) out[size++] = {row, count};
    return size < out.size();
  });
  return size;
}

/// The smallest count that the `limit` rows with most collisions of `rows` have, and how many rows at that count are among them.
struct Cut {
  std::uint32_t count;
  std::size_t ties;
};

Cut find_cut(CollisionCounter& counter, std::span<const std::uint32_t> rows, std::size_t limit) noexcept {
  assert(limit > 0 && limit <= rows.size());
  const std::span<std::uint32_t> with_count = counter.histogram();
  for (const std::uint32_t row : rows) ++with_count[counter.count(row)];
  std::uint32_t count = static_cast<std::uint32_t>(with_count.size() - 1);
  for (; with_count[count] < limit; --count) limit -= with_count[count];
  return {count, limit};
}

/// Few rows are met twice: where they are enough, the many that were met once need not be looked at.
std::size_t take_most(CollisionCounter& counter, std::uint64_t seed, std::span<Collision> out) noexcept {
  const std::span<const std::uint32_t> again = counter.met_again();
  if (again.size() <= out.size()) {
    const std::size_t size = append(
        counter, again, seed, [](std::uint32_t) { return true; }, out);
    return size + append(
                      counter, counter.met(), seed, [](std::uint32_t count) { return count == 1; }, out.subspan(size));
  }
  if (out.empty()) return 0;
  Cut cut = find_cut(counter, again, out.size());
  const auto wanted = [&](std::uint32_t count) {
    if (count != cut.count) return count > cut.count;
    if (cut.ties == 0) return false;
    --cut.ties;
    return true;
  };
  return append(counter, again, seed, wanted, out);
}

}  // namespace

CollisionCounter::CollisionCounter(std::size_t rows, std::uint32_t tables)
    : marks_(rows, 0), tables_(tables), met_(rows + 1), again_(rows + 1), histogram_(tables + 1) {
  assert(tables > 0 && tables <= kMostTables);
}

// A mark is at most base_ + tables_, so the next round's base is out of reach of all marks.
void CollisionCounter::clear() noexcept {
  met_size_ = again_size_ = 0;
  base_ += tables_;
  if (base_ + tables_ <= std::numeric_limits<std::uint16_t>::max()) return;
  std::fill(marks_.begin(), marks_.end(), std::uint16_t{0});
  base_ = 0;
}

// Without branches: whether a row was met before is as good as random.
void CollisionCounter::add(std::span<const std::uint32_t> bucket) noexcept {
  const std::uint32_t base = base_;
  std::uint16_t* const marks = marks_.data();
  std::uint32_t* met = met_.data() + met_size_;
  std::uint32_t* again = again_.data() + again_size_;
  for (std::size_t i = 0; i < bucket.size(); ++i) {
    const std::uint32_t row = bucket[i];
    assert(row < marks_.size());
    __builtin_prefetch(marks + bucket[std::min(i + kMarksAhead, bucket.size() - 1)], 1);
    const std::uint32_t mark = std::max<std::uint32_t>(marks[row], base) + 1;
    assert(mark <= base + tables_);
    marks[row] = static_cast<std::uint16_t>(mark);
    *met = row;
    met += mark == base + 1;
    *again = row;
    again += mark == base + 2;
  }
  met_size_ = static_cast<std::size_t>(met - met_.data());
  again_size_ = static_cast<std::size_t>(again - again_.data());
}

std::span<std::uint32_t> CollisionCounter::histogram() noexcept {
  std::fill(histogram_.begin(), histogram_.end(), 0u);
  return histogram_;
}

std::size_t collect_topk(const Tables& tables, const GroupCodes& sample, std::uint64_t seed, CollisionCounter& counter,
                         std::span<Collision> out) noexcept {
  meet_all(tables, sample, counter);
  return take_most(counter, seed, out);
}

std::size_t collect_threshold(const Tables& tables, const GroupCodes& sample, std::uint64_t seed, std::uint32_t least,
                              CollisionCounter& counter, std::span<Collision> out) noexcept {
  assert(least > 0);
  meet_all(tables, sample, counter);
  const std::span<const std::uint32_t> rows = least == 1 ? counter.met() : counter.met_again();
  return append(
      counter, rows, seed, [&](std::uint32_t count) { return count >= least; }, out);
}

}  // namespace glissade::hashing
