#include <algorithm>
#include <chrono>
#include <string>

#include <glissade/metrics.h>

#include "engine/evaluation/score_sums.h"

namespace glissade {
namespace {

/// Samples predicted at once: enough to keep all threads busy, few enough that the predictions stay in cache.
constexpr std::size_t kPieceRows = 4096;

/// Rows first .. first + count - 1 of `rows`; offsets stay positions in the same ids.
SparseRows slice(const SparseRows& rows, std::size_t first, std::size_t count) noexcept {
  return {rows.offsets.subspan(first, count + 1), rows.ids, rows.values};
}

Result<void> check_fit(const Shape& shape, const DatasetView& data) {
  const auto too_wide = [](const std::string& what, std::uint32_t have, std::uint32_t most) {
    return runtime_error("the data have " + std::to_string(have) + " " + what + ", the model knows " + std::to_string(most) +
                         "; evaluate on data made for this model");
  };
  if (data.feature_count > shape.features) return too_wide("features", data.feature_count, shape.features);
  if (data.features.rows() != data.labels.rows()) {
    return runtime_error("the data have " + std::to_string(data.features.rows()) + " rows of features and " +
                         std::to_string(data.labels.rows()) + " of labels; each sample needs both");
  }
  return {};
}

}  // namespace

Result<Evaluation> evaluate(const Model& model, const DatasetView& data, const EvaluateOptions& options) {
  if (auto fit = check_fit(model.shape(), data); !fit) return fit.error();
  std::vector<float> propensity;
  double unseen_weight = 1;
  if (!model.label_counts().empty()) {
    propensity = propensities(model.label_counts(), model.training_samples());
    // A label beyond L weighs what one within L weighs that no training row has: a header that counts more labels changes
    // nothing.
    const std::uint32_t never = 0;
    unseen_weight = 1.0 / static_cast<double>(propensities({&never, 1}, model.training_samples()).front());
  }

  PredictOptions predict_options;
  predict_options.k = kCutoffs.back();
  predict_options.search = options.search;
  ScoreSums sums(unseen_weight);
  Evaluation evaluation;
  std::uint64_t candidates = 0;
  for (std::size_t first = 0; first < data.size(); first += kPieceRows) {
    const std::size_t count = std::min(kPieceRows, data.size() - first);
    const auto start = std::chrono::steady_clock::now();
    const Result<Predictions> predictions = model.predict(slice(data.features, first, count), predict_options);
    evaluation.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!predictions) return predictions.error();
    sums.add(*predictions, slice(data.labels, first, count), propensity);
    candidates += predictions->candidates;
    if (options.pager != nullptr) options.pager->release(first, first + count);
  }
  evaluation.metrics = sums.metrics();
  const double all = static_cast<double>(data.size()) * model.shape().labels;
  if (all > 0) evaluation.candidates_share = static_cast<double>(candidates) / all;
  return evaluation;
}

}  // namespace glissade
