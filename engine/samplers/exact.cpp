#include "engine/samplers/exact.h"

#include <oneapi/tbb/task_arena.h>

#include <algorithm>

#include "engine/inference/search.h"
#include "engine/samplers/ranked.h"
#include "hashing/seeds.h"

namespace glissade {

static_assert(RankedRows::kNoRow == Predictions::kNoLabel);

void ExactSource::add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const noexcept {
  if (order.quota == 0 || group.count == 0) return;
  const Activations& all = *group.hidden;
  Activations hidden;
  hidden.resize(group.count, all.width, all.rounded);
  std::copy_n(all.row(group.first), group.count * all.stride, hidden.values.data());
  if (all.rounded) std::copy_n(all.half_row(group.first), group.count * all.stride, hidden.halves.data());
  // The true labels are likely among the best, and are in already.
  Predictions best;
  best.k =
      static_cast<std::uint32_t>(std::min(rank_depth(order.quota, group.count) + out.labels / group.count + 1, output_.rows()));
  best.labels.assign(group.count * best.k, Predictions::kNoLabel);
  best.scores.assign(group.count * best.k, 0.f);
  // A thread that waits here must not begin another sample's set: it would write to the same scratch.
  tbb::this_task_arena::isolate([&] { search_exact(output_, hidden, {best, 0, LossKind::softmax, false}); });
  add_by_rank({best.labels, best.k}, order.quota, hashing::Random(order.seed).below(group.count), seen, out, [&](std::size_t) {
    if (order.inclusion) out.inclusion.push_back(1.f);
  });
}

}  // namespace glissade
