#include "engine/evaluation/scorer.h"

#include <algorithm>
#include <string>
#include <utility>

namespace glissade {
namespace {

std::vector<float> propensities_of(const KnownLabels& known, std::span<const std::uint32_t> rows) {
  return propensities(rows, known.samples, known.propensity.a, known.propensity.b);
}

/// A label beyond L weighs what one within L weighs that no training row has: a header that counts more labels changes nothing.
double unseen_weight(const KnownLabels& known) {
  const std::uint32_t never = 0;
  return known.rows.empty() ? 1.0 : 1.0 / static_cast<double>(propensities_of(known, {&never, 1}).front());
}

}  // namespace

Scorer::Scorer(const KnownLabels& known, const EvaluateOptions& options)
    : options_(options),
      depth_(kCutoffs.back()),
      propensity_(known.rows.empty() ? std::vector<float>() : propensities_of(known, known.rows)),
      weights_{propensity_, unseen_weight(known)},
      sums_(weights_.unseen),
      answered_(known, options.cutoffs, options.by_frequency),
      rows_(std::make_shared<RowScores>(options.cutoffs)) {
  for (const std::uint32_t cutoff : options.cutoffs) depth_ = std::max(depth_, cutoff);
}

void Scorer::add(const Predictions& predictions, const SparseRows& labels) {
  sums_.add(predictions, labels, propensity_, options_.keep_samples ? &samples_ : nullptr);
  if (options_.cutoffs.empty()) return;
  rows_->add(predictions, labels, weights_);
  answered_.add(predictions, labels);
}

void Scorer::finish(Evaluation& out) {
  out.metrics = sums_.metrics();
  out.at = rows_->metrics(options_.intervals);
  for (CutoffMetrics& at : out.at) at.coverage = answered_.coverage(at.k);
  out.by_frequency = answered_.buckets();
  out.samples = std::move(samples_);
  if (options_.keep_rows) out.rows = std::move(rows_);
}

Result<void> check_scored(std::size_t rows, const SparseRows& labels, std::span<const std::uint32_t> cutoffs) {
  if (rows != labels.rows()) {
    return runtime_error("the data have " + std::to_string(rows) + " rows of features and " + std::to_string(labels.rows()) +
                         " of labels; each sample needs both");
  }
  if (rows == 0) return runtime_error("the data have no rows; evaluate on at least one row with labels");
  for (const std::uint32_t cutoff : cutoffs) {
    if (cutoff == 0 || cutoff > 1000)
      return usage_error("the cut-off " + std::to_string(cutoff) + " is out of range; allowed: 1 .. 1000");
  }
  if (labels.offsets.front() == labels.offsets.back()) {
    return runtime_error("none of the " + std::to_string(rows) + " rows has a label; evaluate on labelled data");
  }
  return {};
}

}  // namespace glissade
