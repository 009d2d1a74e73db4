#include "engine/samplers/full.h"
#include "engine/samplers/lsh.h"
#include "engine/samplers/sampler.h"
#include "engine/samplers/uniform.h"

namespace glissade {

std::unique_ptr<Sampler> make_sampler(const Config& config, std::uint32_t rows, const LabelIndex* index) {
  switch (config.sampler) {
    case SamplerKind::lsh: return std::make_unique<LshSampler>(config, rows, *index);
    case SamplerKind::uniform: return std::make_unique<UniformSampler>(config, rows);
    case SamplerKind::full: break;
  }
  return std::make_unique<FullSampler>();
}

}  // namespace glissade
