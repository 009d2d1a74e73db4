#include "engine/samplers/lsh_label.h"

#include <oneapi/tbb/task_arena.h>

#include <vector>

#include "engine/samplers/label_codes.h"
#include "engine/samplers/lsh.h"
#include "hashing/group_codes.h"

namespace glissade {

void LshLabelSource::add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const {
  if (order.quota == 0) return;
  static thread_local std::vector<std::uint32_t> codes;
  if (group.label_codes != nullptr) {
    const hashing::GroupCodes all = group.label_codes->of(group.first, group.count, codes);
    if (all.samples > 0) collect_from_tables(index_, all, order, seen, out);
    return;
  }
  if (out.labels == 0) return;
  const std::size_t stride = hashing::padded(out.labels);
  codes.resize(stride * index_.tables().tables());
  // A thread that waits here must not begin another sample's set: it would write to the same scratch.
  tbb::this_task_arena::isolate([&] { index_.row_codes(std::span(out.ids).first(out.labels), codes.data(), stride); });
  collect_from_tables(index_, {codes.data(), stride, out.labels}, order, seen, out);
}

}  // namespace glissade
