#include "engine/inference/candidate_pass.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cmath>

#include "engine/layers/row_logits.h"
#include "engine/model/shared_proposals.h"

namespace glissade {
namespace {

constexpr std::size_t kMostAtOnce = 16;  ///< samples of a task; fewer where there are few: each is some tenths of a millisecond

/// Log of the sum of the exponentials of a sample's logits, so that the best label has the probability that the search found.
float log_sum(const ParameterRows& output, const HiddenBest& best, std::size_t row) {
  const std::uint32_t label = best.best.labels[row * best.best.k];
  float z = 0;
  row_logits(output, best.hidden, row, {&label, 1}, &z);
  const float score = best.best.scores[row * best.best.k];
  const float probability = best.log_sums.empty() ? score : std::exp(score - best.log_sums[row]);
  return z + output.bias[label] - std::log(probability);
}

/// Samples of a task.
std::size_t samples_at_once(std::size_t rows) noexcept {
  const auto threads = static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
  return std::clamp<std::size_t>(rows / (4 * threads), 1, kMostAtOnce);
}

}  // namespace

void find_candidates(Model::Impl& impl, const HiddenBest& best, const SparseRows& features, const std::vector<bool>& unknown,
                     const std::function<void(std::size_t, const CandidateSearch&)>& use, const SparseRows& also) {
  using Range = tbb::blocked_range<std::size_t>;
  tbb::parallel_for(Range(0, features.rows(), samples_at_once(features.rows())), [&](const Range& range) {
    std::unique_ptr<CandidateSearch> search = impl.take_search();
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      std::span<const std::uint32_t> labels = std::span(best.best.labels).subspan(row * best.best.k, best.best.k);
      labels = labels.first(std::min<std::size_t>(labels.size(), HiddenBest::kPerSample));
      labels = labels.first(static_cast<std::size_t>(std::ranges::find(labels, Predictions::kNoLabel) - labels.begin()));
      CandidateSearch::Sample sample{features.row_ids(row), features.row_values(row), best.hidden, row, labels, 0.f};
      if (!labels.empty()) sample.log_sum = log_sum(impl.network.output, best, row);
      if (also.rows() != 0) sample.also = also.row_ids(row);
      search->find(sample, unknown);
      use(row, *search);
    }
    impl.give_back(std::move(search));
  });
}

Result<void> find_candidates_among(Model::Impl& impl, const HiddenBest& best, const SparseRows& features,
                                   const std::vector<bool>& unknown, bool with_scores,
                                   const std::function<void(std::size_t, const CandidateSearch&)>& use) {
  using Range = tbb::blocked_range<std::size_t>;
  const std::size_t samples = features.rows(), k = std::min<std::size_t>(best.best.k, HiddenBest::kPerSample);
  std::vector<std::uint32_t> labels;
  for (std::size_t row = 0; row < samples; ++row) {
    const auto list = std::span(best.best.labels).subspan(row * best.best.k, k);
    labels.insert(labels.end(), list.begin(), list.end());
  }
  const auto propose = [&](const ShardGroup::Asked& asked, ProposedCandidates& out) {
    return propose_among(impl, asked, unknown, out);
  };
  ProposedCandidates proposed;
  const std::span<const float> log_sums = best.log_sums.first(std::min(samples, best.log_sums.size()));
  if (auto done = impl.shards->propose({features, best.hidden, labels, log_sums, with_scores}, propose, proposed); !done)
    return done;
  tbb::parallel_for(Range(0, samples, samples_at_once(samples)), [&](const Range& range) {
    std::unique_ptr<CandidateSearch> search = impl.take_search();
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      const CandidateSearch::Sample sample{features.row_ids(row), features.row_values(row), best.hidden, row, {}, 0.f};
      search->take(sample, proposed.labels_of(row), proposed.features_of(row), proposed.scores_of(row));
      use(row, *search);
    }
    impl.give_back(std::move(search));
  });
  return {};
}

}  // namespace glissade
