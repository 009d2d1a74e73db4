#include "engine/candidates/proposing_path.h"
#include "simd/kernels.h"

namespace glissade {

void ToldRows::tell_best(std::span<const std::uint32_t> places, std::span<const float> all_scores, std::size_t most,
                         const RowOwners& owners) {
  static thread_local std::vector<std::uint32_t> best;
  best.resize(most);
  scores.resize(most);
  const std::size_t count = simd::kernels().topk_f32(all_scores.data(), all_scores.size(), most, best.data(), scores.data());
  scores.resize(count);
  for (std::size_t i = 0; i < count; ++i) labels.push_back(owners.row_at(places[best[i]]));
}

}  // namespace glissade
