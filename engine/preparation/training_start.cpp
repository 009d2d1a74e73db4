#include <glissade/training_start.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include <oneapi/tbb/task_arena.h>

#include <fmt/format.h>

#include <glissade/data_profile.h>
#include <glissade/owned_rows.h>
#include <glissade/preparation.h>
#include <glissade/repeated_rows.h>
#include <glissade/run_notes.h>

#include "engine/batches/batch.h"
#include "engine/batches/checked_vectors.h"
#include "engine/training/arena.h"

namespace glissade {
namespace {

constexpr const char* kRowsOfIds = "format xmc\nid-base zero\n";

/// Weights as people give them: only their ratios count, and 0 leaves a row out.
Result<void> check_given_weights(std::span<const float> weights, std::size_t rows) {
  if (weights.empty()) return {};
  if (weights.size() != rows)
    return usage_error(fmt::format("{} weights for {} rows; give one for each row", weights.size(), rows));
  const auto bad = std::ranges::find_if(weights, [](float weight) { return !std::isfinite(weight) || weight < 0; });
  if (bad != weights.end())
    return usage_error(fmt::format("row {} has the weight {}; give numbers of 0 or more", bad - weights.begin(), *bad));
  if (std::ranges::all_of(weights, [](float weight) { return weight == 0; }))
    return usage_error("all rows have the weight 0, so there is nothing to learn; give some weights above 0");
  return {};
}

Result<void> check_trainable(const DatasetView& data) {
  if (data.size() == 0) return usage_error("there are no rows to train on; give some");
  if (data.labels.rows() != data.size())
    return usage_error(
        fmt::format("{} rows of features and {} of labels; give as many of both", data.size(), data.labels.rows()));
  if (auto legal = check_view(data, data.feature_count, data.label_count); !legal) return legal;
  if (auto legal = check_vectors(data.vectors, data.size(), data.vectors.width); !legal) return legal;
  if (auto legal = check_given_weights(data.weights, data.size()); !legal) return legal;
  if (data.labels.offsets.front() == data.labels.offsets.back())
    return usage_error("no row has a label, so there is nothing to learn; give labelled rows");
  if (data.vectors.empty() && data.features.offsets.front() == data.features.offsets.back())
    return usage_error("no row has a feature, so all rows look the same; give rows with features");
  return {};
}

/// The choices one after another.
class Preparation {
 public:
  Preparation(const DatasetView& data, TrainingRequest& request) : request_(request), held_(std::make_shared<Held>()) {
    start_.rows = data;
    start_.memory = held_;
    start_.histories = request.histories;
  }

  Result<TrainingStart> make() {
    if (auto done = resolve(request_.preset); !done) return done.error();
    using Step = Result<void> (Preparation::*)();
    for (const Step step : {&Preparation::weigh_rows, &Preparation::leave_out_repeats, &Preparation::relate,
                            &Preparation::choose_preset_by_data, &Preparation::choose_exclusion,
                            &Preparation::choose_weighting_by_data, &Preparation::add_names, &Preparation::make_model}) {
      if (request_.go_on && !request_.go_on()) return runtime_error(std::string(kPreparationStopped));
      if (auto done = (this->*step)(); !done) return done.error();
    }
    return std::move(start_);
  }

  const Config& config() const noexcept { return asked_.config; }
  Result<void> resolve(std::string_view name);

 private:
  /// What the rows of the start may point into.
  struct Held {
    OwnedRows weighed, rows, named;
    std::vector<float> weights;
    std::vector<std::uint64_t> groups;
  };

  void note(const std::string& line) const {
    if (request_.on_note && !line.empty()) request_.on_note(line);
  }
  Shape shape() const noexcept { return {start_.rows.feature_count, start_.rows.label_count, start_.rows.vectors.width}; }
  Result<void> weigh_rows();
  Result<void> leave_out_repeats();
  Result<void> relate();
  Result<void> choose_preset_by_data();
  Result<void> choose_exclusion();
  Result<void> choose_weighting_by_data();
  Result<void> add_names();
  Result<void> make_model();

  TrainingRequest& request_;
  std::shared_ptr<Held> held_;
  TrainingStart start_;
  ResolvedConfig asked_;
  RowRelations relations_;
};

Result<void> Preparation::resolve(std::string_view name) {
  asked_ = {};
  start_.preset = name;
  if (!name.empty()) {
    auto made = preset(name, request_.effort);
    if (!made) return made.error();
    asked_.config = std::move(*made);
  }
  return apply_settings(request_.settings, asked_);
}

/// Leaves rows of weight 0 out and gives the others a mean of 1. Equal weights are none.
Result<void> Preparation::weigh_rows() {
  const std::span<const float> given = start_.rows.weights;
  if (given.empty()) return {};
  const auto none = static_cast<std::size_t>(std::ranges::count(given, 0.f));
  const double mean = std::accumulate(given.begin(), given.end(), 0.0) / static_cast<double>(given.size() - none);
  const float most = std::ranges::max(given);
  if (none != 0) {
    std::vector<bool> out(given.size());
    for (std::size_t row = 0; row < given.size(); ++row) out[row] = given[row] == 0;
    note(fmt::format("{} of {} rows have the weight 0 and are left out", none, given.size()));
    held_->weighed = copy_rows(start_.rows, out, false);
    start_.rows = held_->weighed.view();
  }
  const bool alike = std::ranges::all_of(start_.rows.weights, [&](float weight) { return weight == most; });
  if (!alike) {
    for (const float weight : start_.rows.weights) held_->weights.push_back(static_cast<float>(weight / mean));
  }
  start_.rows.weights = held_->weights;
  return {};
}

Result<void> Preparation::leave_out_repeats() {
  if (request_.histories) return {};  // users who begin alike are no mistake
  std::vector<bool> repeated = repeats_worth_leaving_out(start_.rows);
  if (repeated.empty()) return {};
  start_.repeated_rows = static_cast<std::uint64_t>(std::ranges::count(repeated, true));
  note(fmt::format("{} of {} rows have the features and labels of a row before them and are left out", start_.repeated_rows,
                   repeated.size()));
  held_->rows = copy_rows(start_.rows, repeated, false);
  start_.rows = held_->rows.view();
  return {};
}

Result<void> Preparation::relate() {
  if (request_.histories) {
    if (!request_.sets) return {};
    held_->groups = groups_of_sets(start_.rows);
    start_.rows.groups = held_->groups;
    start_.rows.groups_known = true;
    return {};
  }
  const bool find = request_.preset.empty() ? may_find_siblings(asked_) : finds_siblings(asked_.config);
  if (find) relations_ = relate_rows(start_.rows);
  held_->groups = std::move(relations_.groups);
  start_.rows.groups = held_->groups;
  start_.rows.groups_known = find;
  if (!held_->groups.empty())
    note(fmt::format("{} of {} rows have siblings, {} groups; whole groups are kept for weighing the paths",
                     relations_.rows_with_siblings, start_.rows.size(), relations_.sibling_groups));
  relate_names(asked_, start_.rows, request_.label_names, request_.feature_names, relations_);
  return {};
}

Result<void> Preparation::choose_preset_by_data() {
  if (!request_.preset.empty()) return {};
  const PresetChoice choice = request_.sets        ? set_preset()
                              : request_.histories ? history_preset()
                                                   : choose_preset(start_.rows, relations_.feature_labels);
  note(fmt::format("preset {}: {}", choice.preset, choice.reason));
  return resolve(choice.preset);
}

Result<void> Preparation::choose_exclusion() {
  if (request_.sets) {
    settle_exclusion(asked_);
  } else if (request_.histories && request_.never_repeats && settle_exclusion(asked_)) {
    note(fmt::format("exclude-input on: none of the {} next items is among those before it", start_.rows.size()));
  }
  return {};
}

Result<void> Preparation::choose_weighting_by_data() {
  Config tuned = asked_.config;
  if (auto settled = settle_tables(tuned, shape(), !relations_.feature_labels.empty()); !settled) return settled.error();
  if (request_.histories) {
    settle_history_weighting(asked_.config);
  } else {
    note(settle_weighting(asked_, false, profile(start_.rows), request_.has_words));
  }
  return {};
}

Result<void> Preparation::add_names() {
  const std::size_t samples = start_.rows.size();
  if (request_.histories || request_.label_names.empty() || request_.feature_names.empty()) return {};
  const NameFeatures names = name_features(request_.label_names, request_.feature_names);
  const NamesAsRows found = names_as_rows(names, start_.rows, nullptr, false);
  const NameRows& more = found.rows;
  if (more.rows() == 0) return {};
  std::vector<std::uint64_t> offsets(more.rows() + 1);
  for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = i;
  const DatasetView known = start_.rows;
  held_->named = join_rows(
      known, {known.feature_count, known.label_count, {more.offsets, more.ids, more.values}, {offsets, more.labels, {}}});
  held_->rows = {};
  start_.rows = held_->named.view();
  if (!held_->groups.empty()) add_lone_rows(held_->groups, more.rows());
  start_.rows.groups = held_->groups;
  start_.rows.groups_known = known.groups_known;
  start_.rows.added = more.rows();
  note(fmt::format("label names: {} of {} have words that are features, and each is one more training row of its label",
                   start_.rows.size() - samples, found.labels));
  return {};
}

Result<void> Preparation::make_model() {
  const auto tuned = settle_tables(asked_.config, shape(), !relations_.feature_labels.empty());
  if (!tuned) return tuned.error();
  note(*tuned);
  std::vector<std::uint32_t> same;
  if (asked_.config.candidates.exclude_input) same = std::move(relations_.feature_labels);
  auto model = Model::create(asked_.config, shape(), std::move(same));
  if (!model) return model.error();
  if (auto done = model->set_label_names(std::move(request_.label_names)); !done) return done;
  if (auto done = model->set_feature_names(std::move(request_.feature_names)); !done) return done;
  model->set_data_notes(request_.data_notes.empty() ? kRowsOfIds : std::move(request_.data_notes));
  start_.model = std::move(*model);
  return {};
}

}  // namespace

void TrainingStart::note_run() {
  RunNotes notes;
  notes.holdout = 0.0;
  if (histories) notes.holdout_last = 0;
  notes.name_rows = rows.added;
  if (repeated_rows > 0) notes.repeated_rows = "once";
  notes.rows = unordered(rows);
  model->set_run_notes(notes.json());
}

Result<TrainingStart> prepare_training(const DatasetView& data, TrainingRequest request) {
  Preparation preparation(data, request);
  if (auto done = preparation.resolve(request.preset); !done) return done.error();
  tbb::task_arena arena(arena_threads(preparation.config().run.threads));
  std::optional<Result<TrainingStart>> result;
  arena.execute([&] {
    if (auto trainable = check_trainable(data); !trainable) {
      result.emplace(trainable.error());
    } else {
      result.emplace(preparation.make());
    }
  });
  return std::move(*result);
}

}  // namespace glissade
