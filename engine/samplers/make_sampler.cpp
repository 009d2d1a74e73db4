#include "engine/samplers/full.h"
#include "engine/samplers/mixture.h"
#include "engine/samplers/sampler.h"

namespace glissade {

bool uses_tables(const SamplerMix& mix) noexcept {
  return mix.has(SamplerKind::lsh) || mix.has(SamplerKind::lsh_topk) || mix.has(SamplerKind::lsh_threshold) ||
         mix.has(SamplerKind::lsh_label);
}

bool uses_clusters(const SamplerMix& mix) noexcept { return mix.has(SamplerKind::lsh_learned); }

std::unique_ptr<Sampler> make_sampler(const Config& config, std::uint32_t rows, const SamplerSources& sources) {
  if (config.active_set.sampler == SamplerKind::full) return std::make_unique<FullSampler>();
  return std::make_unique<MixtureSampler>(config, rows, sources);
}

}  // namespace glissade
