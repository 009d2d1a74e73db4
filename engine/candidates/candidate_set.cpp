#include "engine/candidates/candidate_set.h"

#include "simd/kernels.h"

namespace glissade {

void CandidateSet::add_best(std::span<const std::uint32_t> labels, std::span<const float> scores, std::size_t most) {
  best_.resize(most);
  best_scores_.resize(most);
  const std::size_t found = simd::kernels().topk_f32(scores.data(), labels.size(), most, best_.data(), best_scores_.data());
  for (std::size_t i = 0; i < found; ++i) add(labels[best_[i]]);
}

}  // namespace glissade
