#include "engine/samplers/lsh_learned.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <vector>

#include "engine/samplers/ranked.h"
#include "hashing/seeds.h"

namespace glissade {

void LshLearnedSource::add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const {
  if (order.quota == 0 || group.count == 0) return;
  constexpr std::size_t kBlock = 16;
  static thread_local std::vector<std::uint32_t> scratch;  // of a sample's own thread, or of the only caller
  const std::size_t asking = group.asking(), depth = rank_depth(order.quota, asking);
  scratch.resize(asking * depth);
  const auto rank_block = [&, ids = scratch.data()](std::size_t block) {
    const std::size_t begin = block * kBlock, count = std::min(kBlock, asking - begin);
    index_.rank(*group.hidden, {group.first + begin * group.every, count, group.every}, depth, ids + begin * depth);
  };
  if (asking <= kBlock) {
    rank_block(0);
  } else {
    tbb::parallel_for(std::size_t{0}, (asking + kBlock - 1) / kBlock, rank_block);
  }
  add_by_rank({scratch, depth}, order.quota, hashing::Random(order.seed).below(asking), seen, out, [&](std::size_t) {
    if (order.inclusion) out.inclusion.push_back(1.f);
  });
}

}  // namespace glissade
