#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <glissade/calibration.h>
#include <glissade/label_filter.h>
#include <glissade/model.h>

#include "engine/batches/batch.h"
#include "engine/inference/candidate_pass.h"
#include "engine/inference/excluded.h"
#include "engine/inference/predict_rows.h"
#include "engine/inference/search_paths.h"
#include "engine/inference/search_permitted.h"
#include "engine/inference/search_some.h"
#include "engine/losses/loss.h"
#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "engine/model/sections.h"
#include "engine/parameters/finite.h"
#include "engine/search/search.h"

namespace glissade {
namespace {

constexpr std::size_t kPiece = 4096;  ///< samples at once
constexpr std::uint32_t kMostLabels = 1000;
constexpr float kLargeValue = 1e6f;  ///< of a feature: a suspect where scores overflow

/// Predicts some rows, piece by piece.
class Predictor {
 public:
  Predictor(Model::Impl& impl, const InputRows& inputs, const PredictOptions& options, bool calibrated, PredictBuffers& buffers,
            Predictions& out)
      : impl_(impl),
        options_(options),
        calibrated_(calibrated),
        by_(search_for(impl, options)),
        view_(view_of(impl.shape, inputs)),
        out_(out),
        buffers_(buffers),
        few_(buffers.few) {
    few_.clear();
    if (options.filter != nullptr && are_few(options.filter->permitted(), options.filter->labels())) options.filter->ids(few_);
    out_.candidates = out_.fallbacks = 0;
    out_.k = options.k;
    out_.labels.assign(inputs.rows() * options.k, Predictions::kNoLabel);
    out_.scores.assign(inputs.rows() * options.k, -std::numeric_limits<float>::infinity());
  }

  Result<void> run() {
    for (std::size_t first = 0; first < view_.size(); first += kPiece) {
      if (auto error = predict_piece(first, std::min(kPiece, view_.size() - first))) return *error;
    }
    return {};
  }

 private:
  std::optional<Error> predict_piece(std::size_t first, std::size_t count) {
    auto& rows = buffers_.rows;
    auto& scored = buffers_.scored;
    auto& short_rows = buffers_.short_rows;
    rows.resize(count);
    std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(first));
    const std::size_t listed = options_.k > HiddenBest::kPerSample ? options_.k : 0;
    if (auto error = search_rows(rows, {by_, listed, calibrated_, options_.filter, few_}, out_, first, scored)) return error;
    short_rows.clear();
    for (const std::uint32_t row : rows) {
      if (is_short(row)) {
        short_rows.push_back(row);
      } else {
        out_.candidates += scored[row - first];
      }
    }
    return short_rows.empty() ? std::nullopt : search_again(short_rows);
  }

  /// Whether a row lacks labels that it could have.
  bool is_short(std::uint32_t row) const noexcept {
    const std::size_t wanted =
        std::min<std::size_t>(options_.k, allowed_labels(impl_, view_.features.row_ids(row), options_.filter));
    return wanted != 0 && out_.labels[row * std::size_t{options_.k} + wanted - 1] == Predictions::kNoLabel;
  }

  /// Rows that buckets, or the list of the hidden path, had too few labels for: all labels are looked at.
  std::optional<Error> search_again(std::span<const std::uint32_t> rows) {
    std::size_t longest = 0;
    for (const std::uint32_t row : rows) longest = std::max(longest, view_.features.row_ids(row).size());
    const std::size_t listed = std::min<std::size_t>(impl_.shape.labels, options_.k + longest);
    Predictions found;
    found.k = options_.k;
    found.labels.assign(rows.size() * found.k, Predictions::kNoLabel);
    found.scores.assign(rows.size() * found.k, -std::numeric_limits<float>::infinity());
    std::vector<std::uint32_t> scored;
    if (auto error = search_rows(rows, {Search::exact, listed, calibrated_, options_.filter, few_}, found, 0, scored))
      return error;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::copy_n(found.labels.data() + i * found.k, found.k, out_.labels.data() + rows[i] * std::size_t{found.k});
      std::copy_n(found.scores.data() + i * found.k, found.k, out_.scores.data() + rows[i] * std::size_t{found.k});
      out_.candidates += scored[i];
    }
    if (by_ != Search::exact) out_.fallbacks += rows.size();
    return std::nullopt;
  }

  /// Puts the answers to rows[i] into row `first + i` of `out`.
  std::optional<Error> search_rows(std::span<const std::uint32_t> rows, const PathsSearch& how, Predictions& out,
                                   std::size_t first, std::vector<std::uint32_t>& scored) {
    Batch& batch = buffers_.batch;
    batch.gather(view_, rows, {}, &impl_.transform);
    FirstSample not_finite;
    const SearchTarget target{out,
                              first,
                              impl_.config.network.loss,
                              options_.probabilities,
                              &scored,
                              &not_finite,
                              nullptr,
                              options_.filter,
                              nullptr,
                              &impl_.output_blocks};
    if (auto error = forward(batch.inputs())) return error;
    const Activations& hidden = buffers_.hidden.back();
    if (!impl_.paths.empty()) {
      if (auto found = search_paths(target, impl_, batch.features(), hidden, how, buffers_.paths); !found) return found.error();
    } else if (impl_.shards) {
      if (auto found = impl_.shards->search(hidden, target); !found) return found.error();
    } else if (!few_.empty() && (how.by != Search::exact || !needs_sums())) {
      search_few(impl_, how.by, hidden, few_, target);
    } else if (how.by == Search::exact) {
      search_exact(impl_.network.output, hidden, target);
    } else {
      search_some(impl_, how.by, hidden, target);
    }
    if (not_finite.sample() == FirstSample::kNone) return std::nullopt;
    return overflow(rows[not_finite.sample()]);
  }

  std::optional<Error> forward(const BatchInputs& inputs) {
    if (!impl_.shards) return impl_.network.forward(inputs, {}, buffers_.hidden) ? std::nullopt : std::optional(no_memory());
    const auto ok = impl_.shards->forward(inputs, buffers_.hidden);
    if (!ok) return ok.error();
    return *ok ? std::nullopt : std::optional(no_memory());
  }

  static Error no_memory() { return runtime_error("out of memory in a matrix product; predict fewer rows at once"); }

  bool needs_sums() const noexcept { return options_.probabilities && is_softmax(impl_.config.network.loss); }

  bool has_diverged() const {
    bool found = false;
    for_each_layer(impl_.network, [&](std::uint32_t, const ParameterRows& rows) { found |= first_bad_row(rows).has_value(); });
    return found;
  }

  /// Why a row's scores are no finite numbers, as far as it can be told.
  Error overflow(std::uint32_t row) const {
    const auto ids = view_.features.row_ids(row);
    const auto values = view_.features.row_values(row);
    const auto largest = std::ranges::max_element(values, {}, [](float value) { return std::abs(value); });
    const std::uint64_t number = options_.first_row + row;
    if (!has_diverged() && largest != values.end() && std::abs(*largest) >= kLargeValue) {
      return runtime_error(
          fmt::format("feature row {}: its scores are not finite, feature {} has the value {}; scale the values as in training",
                      number, ids[static_cast<std::size_t>(largest - values.begin())], *largest));
    }
    return runtime_error(
        fmt::format("feature row {}: its scores are not finite, the model's weights have diverged; train it again with a lower "
                    "learning rate than {}",
                    number, impl_.config.optimizer.learning_rate));
  }

  Model::Impl& impl_;
  const PredictOptions& options_;
  bool calibrated_;
  Search by_;
  DatasetView view_;
  Predictions& out_;
  PredictBuffers& buffers_;
  std::vector<std::uint32_t>& few_;  ///< permitted labels, if there are few
};

}  // namespace

namespace {

/// What a model cannot do whose rows several ranks have.
Result<void> check_for_shards(const Model::Impl& impl, const PredictOptions& options) {
  if (!impl.shards) return {};
  if (!impl.shards->leads()) return usage_error("rank 0 of a model that is shared out predicts; the others answer() it");
  if (options.filter != nullptr) return impl.check_whole("a filter");
  if (options.search == Search::tables) return impl.check_whole("search by tables");
  return {};
}

}  // namespace

Result<void> predict_rows(Model::Impl& impl, const InputRows& inputs, const PredictOptions& options, bool calibrated,
                          PredictBuffers& buffers, Predictions& out) {
  if (options.k < 1 || options.k > kMostLabels) {
    return usage_error(fmt::format("k = {} is outside 1 .. {}", options.k, kMostLabels));
  }
  if (options.search == Search::learned && impl.codes.empty())
    return usage_error("the model has no codes to search by; use another search, or make them by Model::code_rows()");
  if (const LabelFilter* const filter = options.filter; filter != nullptr) {
    if (filter->labels() != impl.shape.labels)
      return usage_error(
          fmt::format("the filter is for {} labels, the model has {}; make it for as many", filter->labels(), impl.shape.labels));
    if (filter->permitted() == 0) return usage_error("the filter permits no label; permit some");
  }
  if (auto fit = check_for_shards(impl, options); !fit) return fit.error();
  if (auto valid = check_inputs(inputs, impl.shape, options.first_row); !valid) return valid.error();
  if (auto valid = check_excluded(options.excluded, inputs.rows()); !valid) return valid.error();
  try {
    if (options.excluded.rows() == 0) return Predictor(impl, inputs, options, calibrated, buffers, out).run();
    const auto answer = [&](const InputRows& rows, const PredictOptions& how) -> Result<Predictions> {
      Predictions longer;
      if (auto done = Predictor(impl, rows, how, calibrated, buffers, longer).run(); !done) return done.error();
      return longer;
    };
    auto others = predict_others(inputs, options, {impl.shape.labels, search_for(impl, options)}, answer);
    if (!others) return others.error();
    out = std::move(*others);
    return {};
  } catch (const std::bad_alloc&) {
    return runtime_error(fmt::format("out of memory while predicting {} rows; predict fewer rows at once", inputs.rows()));
  }
}

namespace {

Result<Predictions> predict_rows(Model::Impl& impl, const InputRows& inputs, const PredictOptions& options, bool calibrated) {
  PredictBuffers buffers;
  Predictions out;
  if (auto done = glissade::predict_rows(impl, inputs, options, calibrated, buffers, out); !done) return done.error();
  return out;
}

}  // namespace

Result<Predictions> Model::predict(const InputRows& inputs, const PredictOptions& options) const {
  return predict_rows(*impl_, inputs, options, true);
}

Result<Predictions> predict_uncalibrated(const Model& model, const InputRows& inputs, const PredictOptions& options) {
  return predict_rows(impl_of(model), inputs, options, false);
}

bool has_calibration(const Model& model) noexcept { return !impl_of(model).paths.calibration.empty(); }

std::optional<float> best_threshold(const Model& model) noexcept {
  return has_calibration(model) ? std::optional(impl_of(model).paths.calibration.threshold()) : std::nullopt;
}

}  // namespace glissade
