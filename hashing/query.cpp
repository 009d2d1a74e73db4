#include "hashing/query.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "hashing/seeds.h"

namespace glissade::hashing {
namespace {

constexpr std::size_t kTogether = 32;  // buckets visited together

/// A bucket to visit, from `start` on and around.
struct Visit {
  std::span<const std::uint32_t> bucket;
  std::size_t start;
};

/// Appends unseen ids while `out` is shorter than `target`.
void take(const Visit& visit, std::size_t target, StampSet& seen, std::vector<std::uint32_t>& out) {
  for (const std::span<const std::uint32_t> part : {visit.bucket.subspan(visit.start), visit.bucket.first(visit.start)}) {
    for (const std::uint32_t id : part) {
      if (!seen.insert(id)) continue;
      out.push_back(id);
      if (out.size() == target) return;
    }
  }
}

/// All (table, sample) pairs in the order of the visit.
class Walk {
 public:
  Walk(std::span<const std::uint32_t> order, std::size_t samples, Random& random)
      : order_(order), samples_(samples), random_(&random), sample_(random.below(samples)) {}

  bool next(std::uint32_t& table, std::size_t& sample) noexcept {
    if (order_.empty()) return false;
    table = order_.front();
    sample = sample_;
    if (++sample_ == samples_) sample_ = 0;
    if (++visited_ == samples_) {
      visited_ = 0;
      order_ = order_.subspan(1);
      sample_ = random_->below(samples_);
    }
    return true;
  }

 private:
  std::span<const std::uint32_t> order_;
  std::size_t samples_;
  Random* random_;
  std::size_t sample_;
  std::size_t visited_ = 0;
};

/// The tables in a random order. The array belongs to the thread and is valid until its next call.
std::span<const std::uint32_t> shuffled_tables(std::uint32_t tables, Random& random) {
  static thread_local std::vector<std::uint32_t> order;
  order.resize(tables);
  std::iota(order.begin(), order.end(), 0u);
  for (std::size_t i = tables; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

/// The tables are far larger than the caches. So some buckets are visited together: first the bounds of all come in, then their
/// first ids; each phase waits for memory about once instead of once per bucket. Returns how many there were.
std::size_t visit_batch(const Tables& tables, const GroupCodes& group, Walk& walk, Random& random,
                        std::array<Visit, kTogether>& visits) noexcept {
  struct Place {
    std::uint32_t table, code;
  };
  std::array<Place, kTogether> places;
  std::size_t count = 0;
  for (std::size_t sample; count < kTogether && walk.next(places[count].table, sample); ++count) {
    places[count].code = group.codes[places[count].table * group.stride + sample];
    tables.prefetch_bounds(places[count].table, places[count].code);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto bucket = tables.bucket(places[i].table, places[i].code);
    visits[i] = {bucket, bucket.empty() ? 0 : random.below(bucket.size())};
    __builtin_prefetch(bucket.data() + visits[i].start);
  }
  return count;
}

/// Visits every bucket of every sample once, taking at most `quota` new ids from each, until `out` has `target`.
void collect_round(const Tables& tables, const GroupCodes& group, std::size_t quota, std::size_t target, Random& random,
                   StampSet& seen, std::vector<std::uint32_t>& out) {
  Walk walk(shuffled_tables(tables.tables(), random), group.samples, random);
  std::array<Visit, kTogether> visits;
  while (const std::size_t count = visit_batch(tables, group, walk, random, visits)) {
    for (std::size_t i = 0; i < count; ++i) {
      take(visits[i], std::min(target, out.size() + quota), seen, out);
      if (out.size() == target) return;
    }
  }
}

}  // namespace

void StampSet::clear() noexcept {
  if (++round_ != 0) return;
  // Stamps of 2^32 rounds ago would come to life again.
  std::fill(stamps_.begin(), stamps_.end(), 0u);
  round_ = 1;
}

std::size_t collect(const Tables& tables, const GroupCodes& group, std::uint64_t seed, std::size_t limit, StampSet& seen,
                    std::vector<std::uint32_t>& out) {
  if (limit == 0 || group.samples == 0) return 0;
  Random random(mix(seed));
  const std::size_t before = out.size();
  const std::size_t target = before + limit;
  const std::size_t quota = std::max<std::size_t>(1, limit / group.samples);
  collect_round(tables, group, quota, target, random, seen, out);
  if (out.size() < target && group.samples > 1) collect_round(tables, group, limit, target, random, seen, out);
  return out.size() - before;
}

}  // namespace glissade::hashing
