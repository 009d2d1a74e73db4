#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <chrono>
#include <string>

#include <glissade/metrics.h>
#include <glissade/replicas.h>

#include "engine/config/proposing_paths.h"
#include "engine/evaluation/scorer.h"

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

Result<void> check_fit(const Shape& shape, const DatasetView& data, std::span<const std::uint32_t> cutoffs) {
  if (data.feature_count > shape.features) {
    return runtime_error("the data have " + std::to_string(data.feature_count) + " features, the model knows " +
                         std::to_string(shape.features) + "; evaluate on data made for this model");
  }
  return check_scored(data.features.rows(), data.labels, cutoffs);
}

KnownLabels known_labels(const Model& model, const EvaluateOptions& options) {
  return {model.shape().labels, model.label_counts(), model.training_samples(),
          options.propensity.value_or(model.config().network.propensity)};
}

}  // namespace

Result<Evaluation> evaluate(const Model& model, const DatasetView& data, const EvaluateOptions& options) {
  if (auto fit = check_fit(model.shape(), data, options.cutoffs); !fit) return fit.error();
  if (options.excluded.rows() != 0 && options.excluded.rows() != data.size()) {
    return usage_error("there are " + std::to_string(options.excluded.rows()) + " rows of excluded labels and " +
                       std::to_string(data.size()) + " samples; give one for each, or none");
  }
  const KnownLabels known = options.known != nullptr ? *options.known : known_labels(model, options);
  Scorer scorer(known, options);
  PredictOptions predict_options;
  predict_options.k = scorer.depth();
  predict_options.search = options.search;
  const std::size_t at_once =
      piece_rows(model) * (options.replicas != nullptr ? static_cast<std::size_t>(options.replicas->size()) : 1);
  Evaluation evaluation;
  std::uint64_t candidates = 0;
  std::size_t done = 0;
  while (done < data.size() && evaluation.complete) {
    const std::size_t count = std::min(at_once, data.size() - done);
    const auto start = std::chrono::steady_clock::now();
    predict_options.first_row = done;
    if (options.excluded.rows() > 0) predict_options.excluded = slice(options.excluded, done, count);
    const InputRows piece = data.inputs().piece(done, count);
    const Result<Predictions> predictions = options.replicas != nullptr ? options.replicas->predict(model, piece, predict_options)
                                                                        : model.predict(piece, predict_options);
    evaluation.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!predictions) return predictions.error();
    scorer.add(*predictions, slice(data.labels, done, count));
    candidates += predictions->candidates;
    if (options.pager != nullptr) options.pager->release(done, done + count);
    done += count;
    if (options.on_progress) evaluation.complete = options.on_progress(done, data.size()) || done == data.size();
  }
  scorer.finish(evaluation);
  const double all = static_cast<double>(done) * model.shape().labels;
  if (all > 0) evaluation.candidates_share = static_cast<double>(candidates) / all;
  return evaluation;
}

}  // namespace glissade
