#include "engine/samplers/exact.h"

#include <oneapi/tbb/task_arena.h>

#include <algorithm>

#include "engine/samplers/ranked.h"
#include "engine/search/search.h"
#include "hashing/seeds.h"

namespace glissade {

static_assert(RankedRows::kNoRow == Predictions::kNoLabel);

void ExactSource::add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const {
  if (order.quota == 0 || group.count == 0) return;
  const Activations& all = *group.hidden;
  Activations hidden;
  const std::size_t asking = group.asking();
  hidden.resize(asking, all.width, all.rounded);
  for (std::size_t i = 0; i < asking; ++i) {
    const std::size_t from = group.first + i * group.every;
    std::copy_n(all.row(from), all.stride, hidden.row(i));
    if (all.rounded) std::copy_n(all.half_row(from), all.stride, hidden.halves.data() + i * all.stride);
  }
  // The true labels are likely among the best, and are in already.
  Predictions best;
  best.k = static_cast<std::uint32_t>(std::min(rank_depth(order.quota, asking) + out.labels / group.count + 1, output_.rows()));
  best.labels.assign(asking * best.k, Predictions::kNoLabel);
  best.scores.assign(asking * best.k, 0.f);
  // A thread that waits here must not begin another sample's set: it would write to the same scratch.
  tbb::this_task_arena::isolate([&] { search_exact(output_, hidden, {best, 0, LossKind::softmax, false}); });
  add_by_rank({best.labels, best.k}, order.quota, hashing::Random(order.seed).below(asking), seen, out, [&](std::size_t) {
    if (order.inclusion) out.inclusion.push_back(1.f);
  });
}

}  // namespace glissade
