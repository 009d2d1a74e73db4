#include "engine/samplers/draw.h"

#include <algorithm>
#include <cmath>

#include "hashing/seeds.h"

namespace glissade {

void add_labels(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) noexcept {
  seen.clear();
  out.clear();
  for (std::size_t row = group.first; row < group.first + group.count; ++row) {
    for (const std::uint32_t label : group.labels.row_ids(row)) {
      if (seen.insert(label)) out.ids.push_back(label);
    }
  }
  out.labels = out.exact = out.ids.size();
}

void add_uniform(std::uint32_t rows, std::size_t target, bool correction, std::uint64_t seed, hashing::StampSet& seen,
                 ActiveSet& out) noexcept {
  out.exact = out.ids.size();
  const std::size_t wanted = std::min<std::size_t>(target, rows);
  if (wanted <= out.exact) return;
  const std::size_t pool = rows - out.exact;
  const std::size_t draws = wanted - out.exact;
  if (draws == pool) {
    for (std::uint32_t id = 0; id < rows; ++id) {
      if (seen.insert(id)) out.ids.push_back(id);
    }
    out.exact = out.ids.size();
    return;
  }
  hashing::Random random(seed);
  while (out.ids.size() < wanted) {
    const auto id = static_cast<std::uint32_t>(random.below(rows));
    if (seen.insert(id)) out.ids.push_back(id);
  }
  if (correction) out.log_weight = std::log(static_cast<float>(pool) / static_cast<float>(draws));
}

}  // namespace glissade
