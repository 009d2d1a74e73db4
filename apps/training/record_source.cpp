#include "apps/training/record_source.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/record_rows.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

bool cuts_words(const PipelineOptions& options) {
  return std::ranges::any_of(options.columns, [](const PipelineColumn& column) { return column.kind != ColumnKind::numbers; });
}

}  // namespace

bool RecordSource::has_words() const { return cuts_words(notes_.columns.features); }

/// As options name them. Where they name none, it is up to the format, and that to the content.
Result<RecordNotes> RecordSource::columns_of(const std::string& path) const {
  if (options_.names_columns()) return options_.columns();
  if (data_.format() == "fasttext") return options_.columns({"text"}, "labels");
  const auto place = data_.spill_place();
  if (!place) return place.error();
  auto asked = options_.reading(data_.format(), options_.usual());
  if (!asked) return asked.error();
  asked->place = *place;
  const auto file = datasets::RecordFiles::open(path, *asked);
  if (!file) return file.error();
  if (file->format() == datasets::RecordFormat::fasttext) return options_.columns({"text"}, "labels");
  return usage_error(fmt::format("{} is {} with the columns {}; name those of texts with --text and that of labels with --labels",
                                 datasets::quoted(path), file->format_text(), fmt::join(file->columns(), ", ")));
}

namespace {

/// Columns that seem to have been taken for each other, by what they hold.
void tell_odd_columns(const datasets::RecordRows& rows, const datasets::RecordColumns& columns) {
  constexpr std::size_t kLeastRows = 20;
  constexpr double kNearly = 0.9, kTextWords = 4, kOneWord = 1.2;
  const DatasetView data = rows.data.view();
  if (data.size() < kLeastRows) return;
  const auto labels = static_cast<double>(rows.label_names.size()), entries = static_cast<double>(data.labels.ids.size());
  std::size_t spaces = 0;
  for (const std::string& name : rows.label_names) spaces += static_cast<std::size_t>(std::ranges::count(name, ' '));
  if (labels > kNearly * entries && static_cast<double>(spaces) + labels >= kTextWords * labels)
    note(
        fmt::format("labels of '{}' look like texts: {} of {} are different, of {:.1f} words; is another column meant? "
                    "glissade info --data FILE shows what columns hold",
                    columns.labels, grouped(rows.label_names.size()), grouped(data.labels.ids.size()),
                    (static_cast<double>(spaces) + labels) / labels));
  const bool one_text = columns.features.columns.size() == 1 && columns.features.columns.front().kind == ColumnKind::text;
  const auto words = static_cast<double>(rows.words);
  if (one_text && words <= kOneWord * static_cast<double>(data.size()) && static_cast<double>(rows.different) > kNearly * words)
    note(
        fmt::format("texts of '{}' look like ids: {} words in {} rows, nearly all different; is another column meant? "
                    "glissade info --data FILE shows what columns hold",
                    columns.features.columns.front().name, grouped(rows.words), grouped(data.size())));
}

}  // namespace

Result<datasets::Dataset> RecordSource::fit(const std::string& path, datasets::ReadReport& report) {
  const auto begin = std::chrono::steady_clock::now();
  auto notes = columns_of(path);
  if (!notes) return notes.error();
  notes_ = std::move(*notes);
  const auto place = data_.spill_place();
  if (!place) return place.error();
  auto reading = options_.reading(data_.format(), notes_);
  if (!reading) return reading.error();
  reading->place = *place;
  const auto file = datasets::RecordFiles::open(path, *reading);
  if (!file) return file.error();
  options_.warn_of_separator(file->format());
  datasets::RecordColumns& columns = notes_.columns;
  if (!options_.names_label_separator()) columns.label_separator = datasets::find_label_separator(*file, columns);
  auto rows = datasets::fit_record_rows(*file, columns, *place);
  if (!rows) return rows.error();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  report_records(*file, seconds, report);
  tell_odd_columns(*rows, columns);
  columns.features = std::move(rows->fitted);
  names_ = {std::move(rows->label_names), std::move(rows->feature_names)};
  if (rows->replaced > 0) note(replaced_text(datasets::quoted(path), rows->replaced));
  tell_spilled(path, *rows);
  if (quiet_) return std::move(rows->data);
  note(fmt::format("training data {}: {}", datasets::quoted(path), describe(*file, rows->data.view(), seconds)));
  if (rows->different > names_.features.size())
    note(fmt::format("features: {} of {} words and categories", grouped(names_.features.size()), grouped(rows->different)));
  if (!options_.names_label_separator() && !columns.label_separator.empty())
    note(fmt::format("labels stand between '{}'; --label-separator none takes each text as one label", columns.label_separator));
  if (10 * rows->separated > names_.labels.size())
    note(fmt::format("{} of {} labels hold a comma; if it stands between labels, give --label-separator ,",
                     grouped(rows->separated), grouped(names_.labels.size())));
  return std::move(rows->data);
}

Result<datasets::Dataset> RecordSource::read_train(const std::string& path, bool quiet, datasets::ReadReport& report) {
  if (resumed_ == nullptr) return fit(path, report);
  auto notes = RecordNotes::of(*resumed_);
  if (!notes) return notes.error();
  notes_ = std::move(**notes);
  if (auto same = options_.check_same(notes_); !same) return same.error();
  names_ = {resumed_->label_names(), resumed_->feature_names()};
  const Shape& shape = resumed_->shape();
  return read_other(path, quiet ? "" : "training data", shape, report);
}

Result<datasets::Dataset> RecordSource::read_other(const std::string& path, const std::string& what, const Shape&,
                                                   datasets::ReadReport& report) {
  const auto pipeline = Pipeline::make(notes_.columns.features, names_.features);
  if (!pipeline) return pipeline.error();
  auto rows = read_known_records(path, what, options_, data_, notes_, *pipeline, names_.labels, &report);
  if (!rows) return rows.error();
  if (auto ok = check_scorable(rows->data.view(), path); !ok) return ok.error();
  return std::move(rows->data);
}

PartNames RecordSource::take_names() { return std::move(names_); }

}  // namespace glissade::apps
