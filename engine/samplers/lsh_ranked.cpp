#include "engine/samplers/lsh_ranked.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <vector>

#include "engine/samplers/lsh.h"
#include "engine/samplers/ranked.h"
#include "hashing/seeds.h"

namespace glissade {

std::size_t LshRankedSource::rank(const SampleGroup& group, std::size_t sample, std::uint64_t seed,
                                  std::span<hashing::Collision> best) const {
  const hashing::GroupCodes codes{group.codes.codes + sample, group.codes.stride, 1};
  hashing::CollisionCounter& counter = counters_.local();
  const std::uint64_t own_seed = hashing::derive(seed, sample);
  const std::size_t found = least_ > 1 ? hashing::collect_threshold(index_.tables(), codes, own_seed, least_, counter, best)
                                       : hashing::collect_topk(index_.tables(), codes, own_seed, counter, best);
  std::sort(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(found),
            [](const auto& a, const auto& b) { return a.count != b.count ? a.count > b.count : a.row < b.row; });
  return found;
}

void LshRankedSource::add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const {
  if (order.quota == 0 || group.count == 0) return;
  struct Scratch {
    std::vector<hashing::Collision> best;
    std::vector<std::uint32_t> ids;
  };
  static thread_local Scratch scratch;  // the loop below is entered by one sample's own thread, or by the only caller
  const std::size_t asking = group.asking(), depth = rank_depth(order.quota, asking);
  scratch.best.resize(asking * depth);
  scratch.ids.assign(asking * depth, RankedRows::kNoRow);
  const auto rank_one = [&, best = scratch.best.data(), ids = scratch.ids.data()](std::size_t s) {
    const std::span own(best + s * depth, depth);
    const std::size_t found = rank(group, s, order.seed, own);
    for (std::size_t i = 0; i < found; ++i) ids[s * depth + i] = own[i].row;
  };
  if (asking == 1) {
    rank_one(0);
  } else {
    tbb::parallel_for(std::size_t{0}, asking, rank_one);
  }
  const std::size_t start = hashing::Random(order.seed).below(asking);
  add_by_rank({scratch.ids, depth}, order.quota, start, seen, out, [&](std::size_t place) {
    if (order.inclusion) out.inclusion.push_back(inclusion_of(scratch.best[place].count, index_.tables().tables()));
  });
}

}  // namespace glissade
