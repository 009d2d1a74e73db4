#include "engine/search/score_rows.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "engine/layers/row_logits.h"
#include "engine/losses/loss.h"
#include "engine/search/moderate.h"
#include "simd/kernels.h"

namespace glissade {

namespace {

/// A sample's logits by rows `ids`, in a buffer of the thread; a sample with one that is not finite is noted.
std::vector<float>& logits_of(const ParameterRows& rows, const Activations& hidden, std::size_t sample,
                              std::span<const std::uint32_t> ids, const SearchTarget& target) {
  static thread_local std::vector<float> logits;
  logits.resize(ids.size());
  row_logits(rows, hidden, sample, ids, logits.data());
  for (std::size_t j = 0; j < ids.size(); ++j) logits[j] += rows.bias[ids[j]];
  if (target.not_finite != nullptr && !are_moderate(logits)) target.not_finite->note(sample);
  return logits;
}

/// Of equal logits those of the lower labels are taken, and come first, in whatever order `ids` has them.
void settle_ties(std::span<const float> logits, std::span<const std::uint32_t> ids, std::span<std::uint32_t> best) {
  if (best.empty()) return;
  const float last = logits[best.back()];
  const auto as_good = static_cast<std::size_t>(std::ranges::count_if(logits, [last](float z) { return z >= last; }));
  const bool apart = std::ranges::adjacent_find(best, {}, [&](std::uint32_t i) { return logits[i]; }) == best.end();
  if (as_good == best.size() && apart) return;
  static thread_local std::vector<std::uint32_t> all;
  all.clear();
  for (std::uint32_t i = 0; i < logits.size(); ++i) {
    if (logits[i] >= last) all.push_back(i);
  }
  std::ranges::sort(
      all, [&](std::uint32_t a, std::uint32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : ids[a] < ids[b]; });
  std::copy_n(all.begin(), best.size(), best.begin());
}

void answer_by_logits(std::span<const float> logits, std::span<const std::uint32_t> ids, std::size_t sample, float log_sum,
                      const SearchTarget& target) {
  static thread_local std::vector<std::uint32_t> best;
  const std::size_t k = target.out.k;
  best.resize(k);
  std::uint32_t* const labels = target.out.labels.data() + (target.first_row + sample) * k;
  float* const scores = target.out.scores.data() + (target.first_row + sample) * k;
  const std::size_t count = simd::kernels().topk_f32(logits.data(), logits.size(), k, best.data(), scores);
  settle_ties(logits, ids, std::span(best).first(count));
  for (std::size_t j = 0; j < count; ++j) labels[j] = ids[best[j]];
  if (target.probabilities) to_probabilities(target.loss, log_sum, scores, count);
}

}  // namespace

void answer_from_rows(const ParameterRows& rows, const Activations& hidden, std::size_t sample,
                      std::span<const std::uint32_t> ids, float log_others, const SearchTarget& target) {
  std::vector<float>& logits = logits_of(rows, hidden, sample, ids, target);
  const bool normalise = is_softmax(target.loss) && (target.probabilities || target.sums != nullptr);
  const float log_sum = normalise ? log_add(simd::kernels().logsumexp_f32(logits.data(), logits.size()), log_others) : 0.f;
  for (std::size_t j = 0; target.filter != nullptr && j < ids.size(); ++j) {
    if (!target.filter->permits(ids[j])) logits[j] = std::numeric_limits<float>::quiet_NaN();
  }
  answer_by_logits(logits, ids, sample, log_sum, target);
  if (target.scored != nullptr) (*target.scored)[sample] = static_cast<std::uint32_t>(ids.size());
  if (target.sums != nullptr) target.sums->log_sums[sample] = log_sum;
}

float log_sum_of_rows(const ParameterRows& rows, const Activations& hidden, std::size_t sample,
                      std::span<const std::uint32_t> ids, float log_others, const SearchTarget& target) {
  const std::vector<float>& logits = logits_of(rows, hidden, sample, ids, target);
  if (target.scored != nullptr) (*target.scored)[sample] += static_cast<std::uint32_t>(ids.size());
  return log_add(simd::kernels().logsumexp_f32(logits.data(), logits.size()), log_others);
}

void answer_from_permitted(const ParameterRows& rows, const Activations& hidden, std::size_t sample,
                           std::span<const std::uint32_t> ids, float log_sum, const SearchTarget& target) {
  answer_by_logits(logits_of(rows, hidden, sample, ids, target), ids, sample, log_sum, target);
  if (target.scored != nullptr) (*target.scored)[sample] += static_cast<std::uint32_t>(ids.size());
}

}  // namespace glissade
