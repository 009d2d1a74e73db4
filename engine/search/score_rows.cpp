#include "engine/search/score_rows.h"

#include <vector>

#include "engine/layers/row_logits.h"
#include "engine/losses/loss.h"
#include "engine/search/moderate.h"
#include "simd/kernels.h"

namespace glissade {

void answer_from_rows(const ParameterRows& rows, const Activations& hidden, std::size_t sample,
                      std::span<const std::uint32_t> ids, float log_others, const SearchTarget& target) {
  static thread_local std::vector<float> logits;
  static thread_local std::vector<std::uint32_t> best;
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t size = ids.size(), k = target.out.k;
  logits.resize(size);
  best.resize(k);
  float* const z = logits.data();
  row_logits(rows, hidden, sample, ids, z);
  for (std::size_t j = 0; j < size; ++j) z[j] += rows.bias[ids[j]];
  std::uint32_t* const labels = target.out.labels.data() + (target.first_row + sample) * k;
  float* const scores = target.out.scores.data() + (target.first_row + sample) * k;
  const std::size_t count = kernels.topk_f32(z, size, k, best.data(), scores);
  for (std::size_t j = 0; j < count; ++j) labels[j] = ids[best[j]];
  if (target.not_finite != nullptr && !are_moderate({z, size})) target.not_finite->note(sample);
  const bool normalise = is_softmax(target.loss) && (target.probabilities || target.sums != nullptr);
  const float log_sum = normalise ? log_add(kernels.logsumexp_f32(z, size), log_others) : 0.f;
  if (target.probabilities) to_probabilities(target.loss, log_sum, scores, count);
  if (target.scored != nullptr) (*target.scored)[sample] = static_cast<std::uint32_t>(size);
  if (target.sums != nullptr) target.sums->log_sums[sample] = log_sum;
}

}  // namespace glissade
