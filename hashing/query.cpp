#include "hashing/query.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "hashing/seeds.h"

namespace glissade::hashing {
namespace {

/// Appends unseen ids of `bucket`, from a random place on and around, while there is room.
void take(std::span<const std::uint32_t> bucket, Random& random, std::size_t target, StampSet& seen,
          std::vector<std::uint32_t>& out) noexcept {
  if (bucket.empty()) return;
  const std::size_t start = random.below(bucket.size());
  for (const std::span<const std::uint32_t> part : {bucket.subspan(start), bucket.first(start)}) {
    for (const std::uint32_t id : part) {
      if (!seen.insert(id)) continue;
      out.push_back(id);
      if (out.size() == target) return;
    }
  }
}

/// The tables in a random order. The array belongs to the thread and is valid until its next call.
std::span<const std::uint32_t> shuffled_tables(std::uint32_t tables, Random& random) noexcept {
  static thread_local std::vector<std::uint32_t> order;
  order.resize(tables);
  std::iota(order.begin(), order.end(), 0u);
  for (std::size_t i = tables; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace

void StampSet::clear() noexcept {
  if (++round_ != 0) return;
  // Stamps of 2^32 rounds ago would come to life again.
  std::fill(stamps_.begin(), stamps_.end(), 0u);
  round_ = 1;
}

std::size_t collect(const Tables& tables, const GroupCodes& group, std::uint64_t seed, std::size_t limit, StampSet& seen,
                    std::vector<std::uint32_t>& out) noexcept {
  if (limit == 0 || group.samples == 0) return 0;
  Random random(mix(seed));
  const std::size_t before = out.size();
  const std::size_t target = before + limit;
  for (const std::uint32_t table : shuffled_tables(tables.tables(), random)) {
    const std::uint32_t* codes = group.codes + table * group.stride;
    std::size_t sample = random.below(group.samples);
    for (std::size_t i = 0; i < group.samples; ++i) {
      take(tables.bucket(table, codes[sample]), random, target, seen, out);
      if (out.size() == target) return limit;
      if (++sample == group.samples) sample = 0;
    }
  }
  return out.size() - before;
}

}  // namespace glissade::hashing
