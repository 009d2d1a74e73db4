#include "engine/samplers/uniform.h"

#include "engine/samplers/draw.h"

namespace glissade {

void UniformSampler::select(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) const noexcept {
  add_labels(group, seen, out);
  add_uniform(rows_, active_, correction_, group.seed, seen, out);
}

}  // namespace glissade
