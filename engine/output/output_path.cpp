#include "engine/output/output_path.h"

#include <algorithm>

#include "engine/output/fused_output.h"
#include "engine/output/per_sample_output.h"
#include "engine/output/unfused_output.h"
#include "simd/kernels.h"

namespace glissade {

std::unique_ptr<OutputPath> make_output_path(const OutputParts& parts) {
  if (parts.config.active_set.scope == Scope::sample && !(parts.config.active_set.sampler == SamplerKind::full))
    return std::make_unique<PerSampleOutput>(parts);
  if (!parts.config.active_set.fused) return std::make_unique<UnfusedOutput>(parts);
  return std::make_unique<FusedOutput>(parts);
}

OwnSets own_sets(const OutputParts& parts) {
  return {parts.sampler, parts.all_labels(), parts.shards, OwnSets::by_rank(parts.config)};
}

bool is_hit(const float* logits, std::size_t size, std::span<const std::uint32_t> positions) noexcept {
  std::uint32_t best = 0;
  float value = 0;
  if (simd::kernels().topk_f32(logits, size, 1, &best, &value) == 0) return false;
  return std::ranges::find(positions, best) != positions.end();
}

}  // namespace glissade
