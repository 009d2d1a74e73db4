#include "engine/inference/search_permitted.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <limits>

#include "engine/inference/search_some.h"
#include "engine/losses/loss.h"
#include "engine/search/score_rows.h"

namespace glissade {
namespace {

constexpr std::size_t kMostFew = 4096, kFewPart = 16;

}  // namespace

bool are_few(std::size_t permitted, std::size_t labels) noexcept { return permitted <= std::min(kMostFew, labels / kFewPart); }

void search_permitted(const ParameterRows& rows, const Activations& hidden, std::span<const std::uint32_t> ids,
                      std::span<const float> log_sums, const SearchTarget& target) {
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, hidden.samples, 8), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t s = range.begin(); s != range.end(); ++s)
      answer_from_permitted(rows, hidden, s, ids, log_sums.empty() ? 0.f : log_sums[s], target);
  });
}

void search_few(Model::Impl& impl, Search by, const Activations& hidden, std::span<const std::uint32_t> ids,
                const SearchTarget& target) {
  if (target.scored != nullptr) target.scored->assign(hidden.samples, 0);
  if (!target.probabilities || !is_softmax(target.loss)) return search_permitted(impl.network.output, hidden, ids, {}, target);
  // As long a list as without a filter: how many rows are looked at, and so what the sums are, depends on it.
  const std::size_t k = target.out.k;
  Predictions best;
  best.k = target.out.k;
  best.labels.assign(hidden.samples * k, Predictions::kNoLabel);
  best.scores.assign(hidden.samples * k, -std::numeric_limits<float>::infinity());
  SearchSums sums;
  search_some(impl, by, hidden, {best, 0, target.loss, false, target.scored, target.not_finite, &sums});
  search_permitted(impl.network.output, hidden, ids, sums.log_sums, target);
  for (std::size_t s = 0; s < hidden.samples; ++s) {
    if (best.labels[s * k] != Predictions::kNoLabel) continue;
    const auto first = static_cast<std::ptrdiff_t>((target.first_row + s) * k);
    std::fill_n(target.out.labels.begin() + first, k, Predictions::kNoLabel);
    std::fill_n(target.out.scores.begin() + first, k, -std::numeric_limits<float>::infinity());
  }
}

}  // namespace glissade
