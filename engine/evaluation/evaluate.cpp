#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <chrono>
#include <string>

#include <glissade/metrics.h>

#include "engine/config/proposing_paths.h"
#include "engine/evaluation/row_scores.h"
#include "engine/evaluation/score_sums.h"

namespace glissade {
namespace {

constexpr std::size_t kMostRows = 4096, kBlockRows = 64;  ///< a thread scores a block of rows at a time
constexpr std::size_t kRowsThroughPaths = 512;            ///< per thread: about 0.2 s
constexpr double kProducts = 2e9;                         ///< multiplications in the output layer per thread: about 0.1 s

/// Samples predicted at once: enough to keep all threads busy, few enough that progress is told several times a second.
std::size_t piece_rows(const Model& model) noexcept {
  const auto threads = static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
  const double products = static_cast<double>(model.shape().labels) * model.config().network.hidden.back();
  const double rows = kProducts * static_cast<double>(threads) / products;
  const std::size_t most = uses_sparse_paths(model.config()) ? std::min(kMostRows, threads * kRowsThroughPaths) : kMostRows;
  const std::size_t wanted = rows < static_cast<double>(most) ? static_cast<std::size_t>(rows) : most;
  return std::max(wanted, threads * kBlockRows);
}

/// Rows first .. first + count - 1 of `rows`; offsets stay positions in the same ids.
SparseRows slice(const SparseRows& rows, std::size_t first, std::size_t count) noexcept {
  return {rows.offsets.subspan(first, count + 1), rows.ids, rows.values};
}

Result<void> check_fit(const Shape& shape, const DatasetView& data, std::span<const std::uint32_t> cutoffs) {
  if (data.feature_count > shape.features) {
    return runtime_error("the data have " + std::to_string(data.feature_count) + " features, the model knows " +
                         std::to_string(shape.features) + "; evaluate on data made for this model");
  }
  if (data.features.rows() != data.labels.rows()) {
    return runtime_error("the data have " + std::to_string(data.features.rows()) + " rows of features and " +
                         std::to_string(data.labels.rows()) + " of labels; each sample needs both");
  }
  if (data.size() == 0) return runtime_error("the data have no rows; evaluate on at least one row with labels");
  for (const std::uint32_t cutoff : cutoffs) {
    if (cutoff == 0 || cutoff > 1000)
      return usage_error("the cut-off " + std::to_string(cutoff) + " is out of range; allowed: 1 .. 1000");
  }
  if (data.labels.offsets.front() == data.labels.offsets.back()) {
    return runtime_error("none of the " + std::to_string(data.size()) + " rows has a label; evaluate on labelled data");
  }
  return {};
}

}  // namespace

Result<Evaluation> evaluate(const Model& model, const DatasetView& data, const EvaluateOptions& options) {
  if (auto fit = check_fit(model.shape(), data, options.cutoffs); !fit) return fit.error();
  std::vector<float> propensity;
  double unseen_weight = 1;
  if (!model.label_counts().empty()) {
    const Propensity constants = options.propensity.value_or(model.config().network.propensity);
    const auto of = [&](std::span<const std::uint32_t> counts) {
      return propensities(counts, model.training_samples(), constants.a, constants.b);
    };
    propensity = of(model.label_counts());
    // A label beyond L weighs what one within L weighs that no training row has: a header that counts more labels changes
    // nothing.
    const std::uint32_t never = 0;
    unseen_weight = 1.0 / static_cast<double>(of({&never, 1}).front());
  }

  PredictOptions predict_options;
  predict_options.k = kCutoffs.back();
  for (const std::uint32_t cutoff : options.cutoffs) predict_options.k = std::max(predict_options.k, cutoff);
  predict_options.search = options.search;
  const std::size_t at_once = piece_rows(model);
  ScoreSums sums(unseen_weight);
  RowScores scores(options.cutoffs);
  Evaluation evaluation;
  std::uint64_t candidates = 0;
  std::size_t done = 0;
  while (done < data.size() && evaluation.complete) {
    const std::size_t count = std::min(at_once, data.size() - done);
    const auto start = std::chrono::steady_clock::now();
    predict_options.first_row = done;
    const Result<Predictions> predictions = model.predict(slice(data.features, done, count), predict_options);
    evaluation.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!predictions) return predictions.error();
    sums.add(*predictions, slice(data.labels, done, count), propensity, options.keep_samples ? &evaluation.samples : nullptr);
    if (!options.cutoffs.empty()) scores.add(*predictions, slice(data.labels, done, count));
    candidates += predictions->candidates;
    if (options.pager != nullptr) options.pager->release(done, done + count);
    done += count;
    if (options.on_progress) evaluation.complete = options.on_progress(done, data.size()) || done == data.size();
  }
  evaluation.metrics = sums.metrics();
  evaluation.at = scores.metrics(options.intervals);
  const double all = static_cast<double>(done) * model.shape().labels;
  if (all > 0) evaluation.candidates_share = static_cast<double>(candidates) / all;
  return evaluation;
}

}  // namespace glissade
