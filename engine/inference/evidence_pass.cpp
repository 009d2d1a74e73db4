#include "engine/inference/evidence_pass.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "engine/layers/row_logits.h"

namespace glissade {
namespace {

constexpr std::size_t kSamplesAtOnce = 16;

/// The best label's logit less the logarithm of its probability.
float log_sum(const ParameterRows& output, const Activations& hidden, std::size_t row, std::uint32_t best, float probability) {
  float z = 0;
  row_logits(output, hidden, row, {&best, 1}, &z);
  return z + output.bias[best] - std::log(probability);
}

}  // namespace

void gather_evidence(Model::Impl& impl, const HiddenBest& best, const SparseRows& features, const std::vector<bool>& unknown,
                     const std::function<void(std::size_t, const Evidence&)>& use) {
  using Range = tbb::blocked_range<std::size_t>;
  tbb::parallel_for(Range(0, features.rows(), kSamplesAtOnce), [&](const Range& range) {
    std::unique_ptr<Evidence> evidence = impl.take_evidence();
    for (std::size_t row = range.begin(); row != range.end(); ++row) {
      std::span<const std::uint32_t> labels = std::span(best.best.labels).subspan(row * best.best.k, best.best.k);
      labels = labels.first(static_cast<std::size_t>(std::ranges::find(labels, Predictions::kNoLabel) - labels.begin()));
      Evidence::Sample sample{features.row_ids(row), features.row_values(row), best.hidden, row, labels, 0.f};
      if (!labels.empty()) {
        sample.log_sum = log_sum(impl.network.output, best.hidden, row, labels[0], best.best.scores[row * best.best.k]);
      }
      evidence->gather(sample, unknown);
      use(row, *evidence);
    }
    impl.give_back(std::move(evidence));
  });
}

}  // namespace glissade
