#include "engine/samplers/lsh.h"

#include <algorithm>
#include <cmath>

#include "engine/samplers/draw.h"
#include "hashing/seeds.h"

namespace glissade {

LshSampler::LshSampler(const Config& config, std::uint32_t rows, const LabelIndex& index)
    : index_(index),
      rows_(rows),
      active_(config.active),
      retrieved_(static_cast<std::uint32_t>(std::lround(config.active * config.retrieved_share))),
      correction_(config.correction) {}

void LshSampler::select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const noexcept {
  add_labels(group, seen, out);
  const std::size_t room = active_ - std::min<std::size_t>(active_, out.ids.size());
  hashing::collect(index_.tables(), group.codes, hashing::derive(group.seed, 1), std::min<std::size_t>(room, retrieved_), seen,
                   out.ids);
  add_uniform(rows_, active_, correction_, group.seed, seen, out);
}

}  // namespace glissade
