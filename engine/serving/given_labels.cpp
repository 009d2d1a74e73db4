#include "engine/serving/given_labels.h"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <new>
#include <numeric>

#include "engine/batches/batch.h"
#include "engine/inference/candidate_pass.h"
#include "engine/inference/search_some.h"
#include "engine/layers/row_logits.h"
#include "engine/losses/loss.h"
#include "engine/search/search.h"

namespace glissade {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Error no_memory() { return runtime_error("out of memory in a matrix product; score fewer rows at once"); }

/// Calls use(i, place among found.labels()) for each of `asked`, which were candidates in any case; place -1: it may be none.
template <class Use>
void for_each_place(std::span<const std::uint32_t> asked, const CandidateSearch& found, const Use& use) {
  const std::span<const std::uint32_t> labels(found.labels());
  const auto proposed = labels.first(found.proposed());
  std::size_t next = proposed.size();  // those that nothing proposed stand in the order in which they were asked
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (next < labels.size() && labels[next] == asked[i]) {
      use(i, static_cast<std::int64_t>(next++));
      continue;
    }
    const auto at = std::ranges::find(proposed, asked[i]);
    use(i, at == proposed.end() ? std::int64_t{-1} : at - proposed.begin());
  }
}

void score_logits(const Model::Impl& impl, const SparseRows& labels, const Activations& hidden, std::vector<float>& scores) {
  const ParameterRows& output = impl.network.output;
  tbb::parallel_for(std::size_t{0}, labels.rows(), [&](std::size_t row) {
    const auto ids = labels.row_ids(row);
    float* const out = scores.data() + (labels.offsets[row] - labels.offsets.front());
    row_logits(output, hidden, row, ids, out);
    for (std::size_t i = 0; i < ids.size(); ++i) out[i] += output.bias[ids[i]];
  });
}

/// By all paths. Which labels are proposed beside the given ones, and how they look best, decides what some features are.
void score_by_paths(Model::Impl& impl, const SparseRows& labels, GivenBuffers& buffers, std::vector<float>& scores) {
  const Activations& hidden = buffers.predict.hidden.back();
  Predictions& best = buffers.best;
  best.k = HiddenBest::kPerSample;
  best.labels.assign(labels.rows() * best.k, Predictions::kNoLabel);
  best.scores.assign(labels.rows() * best.k, -kInfinity);
  SearchSums& sums = buffers.sums;
  const SearchTarget target{best,    0,       impl.config.network.loss, false, nullptr, nullptr, &sums,
                            nullptr, nullptr, &impl.output_blocks};
  if (impl.codes.empty()) {
    search_exact(impl.network.output, hidden, target);
  } else {
    search_some(impl, Search::learned, hidden, target);
  }
  const HiddenBest found_by_hidden{
      hidden, best, is_softmax(impl.config.network.loss) ? std::span<const float>(sums.log_sums) : std::span<const float>()};
  const auto score = [&](std::size_t sample, const CandidateSearch& found) {
    static thread_local RankPass pass;
    static thread_local std::vector<float> all;
    all.resize(found.features().size());
    if (impl.paths.ranker.empty()) {
      std::ranges::transform(found.features(), all.begin(), [&](const auto& of) { return impl.paths.linear.score(of); });
    } else {
      impl.paths.ranker.score(found.features(), pass, all.data());
    }
    float* const out = scores.data() + (labels.offsets[sample] - labels.offsets.front());
    for_each_place(labels.row_ids(sample), found, [&](std::size_t i, std::int64_t place) {
      out[i] = place < 0 ? -kInfinity : all[static_cast<std::size_t>(place)];
    });
  };
  find_candidates(impl, found_by_hidden, buffers.predict.batch.features(), {}, std::cref(score), labels);
}

}  // namespace

bool hidden_of(const Model::Impl& impl, const InputRows& inputs, PredictBuffers& buffers) {
  const DatasetView view = view_of(impl.shape, inputs);
  buffers.rows.resize(inputs.rows());
  std::iota(buffers.rows.begin(), buffers.rows.end(), 0u);
  buffers.batch.gather(view, buffers.rows, {}, &impl.transform);
  return impl.network.forward(buffers.batch.inputs(), {}, buffers.hidden);
}

Result<void> score_given(Model::Impl& impl, const InputRows& inputs, const SparseRows& labels, GivenBuffers& buffers,
                         std::vector<float>& scores) {
  if (auto whole = impl.check_whole("a score of given labels"); !whole) return whole;
  if (inputs.rows() != labels.rows())
    return usage_error(fmt::format("{} rows of features and {} of candidates; give as many", inputs.rows(), labels.rows()));
  if (auto valid = check_inputs(inputs, impl.shape); !valid) return valid.error();
  if (auto valid = check_rows(labels, impl.shape.labels, "candidate"); !valid) return valid.error();
  scores.clear();
  if (inputs.rows() == 0) return {};
  try {
    scores.assign(labels.offsets.back() - labels.offsets.front(), 0.f);
    if (!hidden_of(impl, inputs, buffers.predict)) return no_memory();
    if (impl.paths.empty()) {
      score_logits(impl, labels, buffers.predict.hidden.back(), scores);
    } else {
      score_by_paths(impl, labels, buffers, scores);
    }
    return {};
  } catch (const std::bad_alloc&) {
    return runtime_error(fmt::format("out of memory while scoring {} labels; score fewer at once", scores.size()));
  }
}

}  // namespace glissade
