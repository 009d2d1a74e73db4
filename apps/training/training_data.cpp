#include "apps/training/training_data.h"

#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <glissade/preparation.h>
#include <glissade/repeated_rows.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/cache_limit.h"
#include "apps/input/row_vectors.h"
#include "datasets/message.h"
#include "datasets/split.h"

namespace glissade::apps {
namespace {

void train_on_all(TrainingData& data, datasets::Dataset whole, const std::string& path, const datasets::ReadReport& report) {
  data.train = whole.view();
  data.train_pager = whole.pager();
  data.owners.push_back(std::move(whole));
  data.events.push_back({"train", path, data.train, report});
}

/// A share of so few rows may be none of them, or all.
Result<void> check_split(const TrainingFiles& files, std::size_t kept, std::size_t held_out) {
  if (held_out == 0)
    return usage_error(
        fmt::format("--holdout: {} of {} rows is none to evaluate on; hold out more", files.holdout, grouped(kept)));
  if (kept == 0)
    return usage_error(
        fmt::format("--holdout: {} of {} rows leaves none to train on; hold out less", files.holdout, grouped(held_out)));
  return {};
}

Result<void> train_on_part(TrainingData& data, const datasets::Dataset& whole, const TrainingFiles& files,
                           const datasets::ReadReport& report, const ReadSettings& settings) {
  std::vector<std::uint64_t>& groups = data.relations.groups;
  auto [kept, held_out] = datasets::hold_out(whole, files.holdout, settings.seed, groups);
  keep_cache_limit({&kept, &held_out});
  if (auto ok = check_split(files, kept.view().size(), held_out.view().size()); !ok) return ok;
  if (!groups.empty()) {
    const std::vector<bool> out = datasets::held_out_rows(groups.size(), files.holdout, settings.seed, groups);
    std::size_t row = 0;
    std::erase_if(groups, [&](std::uint64_t) { return out[row++]; });
  }
  data.train = kept.view();
  data.train_pager = kept.pager();
  data.validation = held_out.view();
  data.validation_pager = held_out.pager();
  data.validation_path = files.train;
  data.owners.push_back(std::move(kept));
  data.owners.push_back(std::move(held_out));
  data.events.push_back({"train", files.train, data.train, report});
  data.events.push_back({"validation", files.train, *data.validation, {}});
  if (!settings.quiet)
    note(fmt::format("{} rows to train on, {} held out to evaluate on", grouped(data.train.size()),
                     grouped(data.validation->size())));
  if (data.validation->labels.ids.empty())
    return usage_error(fmt::format("--holdout: none of the {} rows held out of {} has a label; hold out more",
                                   grouped(data.validation->size()), datasets::quoted(files.train)));
  if (data.train.labels.ids.empty())
    return usage_error(fmt::format("--holdout: none of the {} rows of {} left to train on has a label; hold out less",
                                   grouped(data.train.size()), datasets::quoted(files.train)));
  return {};
}

Result<void> check_trainable(const DatasetView& data, const std::string& path) {
  if (data.size() == 0) return runtime_error(fmt::format("{} holds no rows to train on; give it some", datasets::quoted(path)));
  if (data.labels.ids.empty())
    return runtime_error(
        fmt::format("no row of {} has a label, so there is nothing to learn; give labelled data", datasets::quoted(path)));
  if (data.features.ids.empty() && data.vectors.empty())
    return runtime_error(
        fmt::format("no row of {} has a feature, so all rows look the same; give data with features", datasets::quoted(path)));
  return {};
}

/// The rows of a file with the vectors of another, if there is one.
Result<datasets::Dataset> with_vectors(datasets::Dataset rows, const std::string& path, const std::string& vectors, bool quiet,
                                       TrainingData& data) {
  if (vectors.empty()) return rows;
  auto file = read_vectors(vectors, rows.view().size(), path, quiet);
  if (!file) return file.error();
  data.vectors.push_back(file->owner);
  return rows.with_vectors(file->rows, file->owner);
}

Result<void> read_train(TrainingData& data, const TrainingFiles& files, RowSource& source, const ReadSettings& settings) {
  datasets::ReadReport report;
  auto train = source.read_train(files.train, settings.quiet, report);
  if (!train) return train.error();
  train = with_vectors(std::move(*train), files.train, files.train_vectors, settings.quiet, data);
  if (!train) return train.error();
  if (auto ok = check_trainable(train->view(), files.train); !ok) return ok;
  std::vector<bool> left_out = repeats_worth_leaving_out(train->view(), train->pager());
  data.rows_repeat = !left_out.empty();
  if (settings.repeated == RepeatedRows::keep) left_out.clear();
  if (!left_out.empty()) train = without_repeats(*train, left_out, settings.quiet);
  auto relations = relations_of(train->view(), files.train, settings.relations, settings.quiet, left_out);
  if (!relations) return relations.error();
  data.relations = std::move(*relations);
  if (!settings.relations.groups_file.empty()) data.named_groups = content_of(data.relations.groups);
  if (train->pager() != nullptr) train->pager()->release(0, train->view().size());
  if (files.holdout > 0) {
    if (auto ok = train_on_part(data, *train, files, report, settings); !ok) return ok;
  } else {
    train_on_all(data, std::move(*train), files.train, report);
  }
  data.train.groups = data.relations.groups;
  data.train.groups_known = settings.relations.find;
  return {};
}

/// The files that are not trained on.
Result<void> read_others(TrainingData& data, const TrainingFiles& files, RowSource& source, const ReadSettings& settings) {
  const Shape shape = settings.shape.value_or(Shape{data.train.feature_count, data.train.label_count});
  datasets::ReadReport report;
  const auto read = [&](const std::string& path, const std::string& vectors, const std::string& what) {
    auto rows = source.read_other(path, settings.quiet ? "" : what, shape, report);
    if (rows) rows = with_vectors(std::move(*rows), path, vectors, settings.quiet, data);
    if (!rows || rows->view().vectors.width == data.train.vectors.width) return rows;
    return Result<datasets::Dataset>(
        runtime_error(fmt::format("{} has vectors of {} numbers, {} of {}; make them alike", datasets::quoted(vectors),
                                  rows->view().vectors.width, datasets::quoted(files.train_vectors), data.train.vectors.width)));
  };
  if (!files.valid.empty()) {
    auto valid = read(files.valid, files.valid_vectors, "validation data");
    if (!valid) return valid.error();
    data.validation = valid->view();
    data.validation_pager = valid->pager();
    data.validation_path = files.valid;
    data.events.push_back({"validation", files.valid, *data.validation, report});
    data.owners.push_back(std::move(*valid));
  }
  if (files.test.empty()) return {};
  auto test = read(files.test, files.test_vectors, "test data");
  if (!test) return test.error();
  data.events.push_back({"test", files.test, test->view(), report});
  if (data.validation) {
    data.test = test->view();
  } else {
    data.validation = test->view();
    data.validation_pager = test->pager();
    data.validation_path = files.test;
  }
  data.owners.push_back(std::move(*test));
  return {};
}

}  // namespace

Result<TrainingData> read_training_data(const TrainingFiles& files, RowSource& source, const ReadSettings& settings) {
  TrainingData data;
  if (auto done = read_train(data, files, source, settings); !done) return done.error();
  data.notes = source.notes();
  data.has_words = source.has_words();
  if (auto done = read_others(data, files, source, settings); !done) return done.error();
  data.names = source.take_names();
  return data;
}

}  // namespace glissade::apps
