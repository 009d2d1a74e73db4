#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "engine/batches/batch.h"
#include "engine/explanation/explain_row.h"
#include "engine/explanation/label_scores.h"
#include "engine/explanation/speaker_shares.h"
#include "engine/inference/predict_rows.h"
#include "engine/inference/search_some.h"
#include "engine/model/access.h"

namespace glissade {
namespace {

constexpr std::size_t kEntriesAtOnce = std::size_t{1} << 20;  ///< of rows without a feature
constexpr std::size_t kRowsAtOnce = 256;

/// A row, whole and without each of its features in turn: row 0 is the whole one, row 1 + i lacks feature i.
class OccludedRows {
 public:
  explicit OccludedRows(const InputRows& row)
      : ids_(row.features.row_ids(0)), values_(row.features.row_values(0)), vectors_(row.vectors) {
    if (vectors_.empty()) return;
    places_.assign(kRowsAtOnce, vectors_.place(0));
    vectors_.places = places_;
  }

  std::size_t rows() const noexcept { return ids_.size() + 1; }
  std::size_t at_once() const noexcept { return std::clamp<std::size_t>(kEntriesAtOnce / rows(), 1, kRowsAtOnce); }

  /// Rows first .. first + count - 1; valid until the next call.
  InputRows some(std::size_t first, std::size_t count) {
    offsets_.assign(1, 0);
    some_ids_.clear();
    some_values_.clear();
    for (std::size_t row = first; row < first + count; ++row) {
      for (std::size_t j = 0; j < ids_.size(); ++j) {
        if (j + 1 == row) continue;
        some_ids_.push_back(ids_[j]);
        if (!values_.empty()) some_values_.push_back(values_[j]);
      }
      offsets_.push_back(some_ids_.size());
    }
    return {{offsets_, some_ids_, some_values_}, vectors_.piece(0, count)};
  }

 private:
  std::span<const std::uint32_t> ids_;
  std::span<const float> values_;
  DenseRows vectors_;                  ///< the row's own, again and again
  std::vector<std::uint32_t> places_;  ///< [kRowsAtOnce]
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> some_ids_;
  std::vector<float> some_values_;
};

class Explainer {
 public:
  Explainer(Model::Impl& impl, const InputRows& row, const ExplainOptions& options) : impl_(impl), row_(row), options_(options) {}

  Result<std::vector<LabelReasons>> run() {
    if (auto error = answer()) return *error;
    if (auto error = score()) return *error;
    add_shares();
    add_features();
    if (!impl_.paths.neighbours.empty()) add_neighbours();
    return std::move(reasons_);
  }

 private:
  std::optional<Error> answer() {
    PredictOptions options{options_.k, options_.search, false, options_.row_number, options_.excluded, options_.filter};
    PredictBuffers buffers;
    Predictions scores, probabilities;
    if (auto done = predict_rows(impl_, row_, options, true, buffers, scores); !done) return done.error();
    options.probabilities = true;
    // What is scored must not depend on what is printed.
    options.search = by_ = search_for(impl_, {options_.k, options_.search});
    if (auto done = predict_rows(impl_, row_, options, true, buffers, probabilities); !done) return done.error();
    for (std::size_t i = 0; i < scores.labels.size() && scores.labels[i] != Predictions::kNoLabel; ++i) {
      LabelReasons& reason = reasons_.emplace_back();
      reason.label = scores.labels[i];
      reason.score = scores.scores[i];
      reason.probability = probabilities.scores[i];
      labels_.push_back(reason.label);
    }
    return std::nullopt;
  }

  /// The answers' scores in the row and in the row without each of its features.
  std::optional<Error> score() {
    OccludedRows occluded(row_);
    std::vector<LabelScore> some;
    for (std::size_t first = 0; first < occluded.rows(); first += occluded.at_once()) {
      const std::size_t count = std::min(occluded.at_once(), occluded.rows() - first);
      std::vector<std::uint32_t> rows(count);
      std::iota(rows.begin(), rows.end(), 0u);
      Batch batch;
      batch.gather(view_of(impl_.shape, occluded.some(first, count)), rows, {}, &impl_.transform);
      std::vector<Activations> hidden;
      if (!impl_.network.forward(batch.inputs(), {}, hidden))
        return runtime_error("out of memory in a matrix product; explain rows of fewer features");
      score_labels(impl_, batch.features(), hidden.back(), labels_, by_, some);
      scores_.insert(scores_.end(), some.begin(), some.end());
    }
    const auto bad = std::ranges::find_if(scores_, [](const LabelScore& one) { return !std::isfinite(one.log_share); });
    if (bad == scores_.end()) return std::nullopt;
    return runtime_error(
        fmt::format("feature row {}: its scores without one of its features are not finite; scale the values as "
                    "in training",
                    options_.row_number));
  }

  void add_shares() {
    RankPass pass;
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      LabelReasons& reason = reasons_[i];
      const LabelScore& whole = scores_[i];
      reason.candidate = impl_.paths.empty() || whole.candidate;
      if (!impl_.paths.empty() && whole.candidate) {
        const SpeakerShares shares = speaker_shares(impl_.paths, whole.features, pass);
        reason.base = shares.base;
        reason.shares = shares.shares;
        continue;
      }
      reason.base = impl_.paths.empty() ? impl_.network.output.bias[labels_[i]] : whole.lowest;
      reason.shares[static_cast<std::size_t>(Speaker::hidden)] = reason.score - reason.base;
    }
  }

  void add_features() {
    const auto ids = row_.features.row_ids(0);
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      auto& features = reasons_[i].features;
      for (std::size_t j = 0; j < ids.size(); ++j) {
        const LabelScore& whole = scores_[i];
        const LabelScore& without = scores_[(j + 1) * labels_.size() + i];
        features.push_back({ids[j], whole.log_share - without.log_share, whole.score - without.score});
      }
      std::ranges::sort(features, {}, [](const LabelReasons::Feature& one) {
        return std::tuple(!one.speaks_for(), one.speaks_against(), -one.by, one.feature);
      });
    }
  }

  void add_neighbours() {
    const NeighbourPath& path = impl_.paths.neighbours;
    Batch batch;
    batch.gather(view_of(impl_.shape, row_), std::array{0u}, {}, &impl_.transform);
    SparseQuery query;
    query.begin(batch.features().row_ids(0), batch.features().row_values(0));
    std::vector<NeighbourPath::Near> near;
    path.find_near(impl_.config, query, {}, near);
    const std::span<const float> sample = query.spread_sample(path.weights);
    for (LabelReasons& reason : reasons_) {
      for (const auto& [row, likeness] : near) {
        if (reason.neighbours.size() == options_.most_neighbours) break;
        const auto labels = path.labels_of(row);
        if (likeness <= 0 || std::ranges::find(labels, reason.label) == labels.end()) continue;
        reason.neighbours.push_back({row,
                                     row < path.samples.rows() && impl_.training_samples != 0 && row >= impl_.training_samples,
                                     likeness,
                                     {labels.begin(), labels.end()},
                                     shared_features(path, row, sample)});
      }
    }
  }

  /// Those that make a training row like the sample, the strongest first.
  static std::vector<std::uint32_t> shared_features(const NeighbourPath& path, std::uint32_t row, std::span<const float> sample) {
    std::vector<std::pair<float, std::uint32_t>> products;
    const SparseRowView entries = path.sample(row);
    for (std::size_t j = 0; j < entries.ids.size(); ++j) {
      const float product = widened(entries.values[j]) * sample[entries.ids[j]];
      if (product > 0) products.emplace_back(-product, entries.ids[j]);
    }
    std::ranges::sort(products);
    std::vector<std::uint32_t> features;
    for (const auto& [product, feature] : products) features.push_back(feature);
    return features;
  }

  Model::Impl& impl_;
  const InputRows& row_;
  const ExplainOptions& options_;
  Search by_ = Search::exact;
  std::vector<LabelReasons> reasons_;
  std::vector<std::uint32_t> labels_;
  std::vector<LabelScore> scores_;  ///< [1 + features of the row][labels]
};

}  // namespace

std::string_view speaker_name(Speaker speaker) noexcept {
  switch (speaker) {
    case Speaker::hidden: return "hidden";
    case Speaker::sparse_rows: return "sparse-rows";
    case Speaker::neighbours: return "neighbours";
    case Speaker::names: return "names";
    case Speaker::co_labels: return "co-labels";
    case Speaker::prior: return "prior";
  }
  return "";
}

Result<std::vector<LabelReasons>> explain_row(Model::Impl& impl, const InputRows& row, const ExplainOptions& options) {
  if (auto whole = impl.check_whole("an explanation"); !whole) return whole.error();
  if (row.rows() != 1) return usage_error(fmt::format("explain wants one row, these are {}; call it for each", row.rows()));
  if (options.search == Search::tables)
    return usage_error("rows cannot be explained by search tables; use exact, learned or automatic");
  try {
    return Explainer(impl, row, options).run();
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory while explaining a row; explain rows of fewer features");
  }
}

Result<std::vector<LabelReasons>> explain(const Model& model, const InputRows& row, const ExplainOptions& options) {
  return explain_row(impl_of(model), row, options);
}

}  // namespace glissade
