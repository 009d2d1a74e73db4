#include "apps/training/sequence_data.h"

#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

using datasets::NextItemRows;
using datasets::Sequences;

DataEvent event_of(const char* role, const std::string& path, const DatasetView& view, const Sequences& sequences) {
  DataEvent event{role, path, view, {}};
  event.read.text_bytes = sequences.text_bytes;
  event.read.total_seconds = sequences.seconds;
  return event;
}

std::string short_text(const NextItemRows& rows) {
  return rows.short_lines == 0 ? "" : fmt::format(", {} sequences are too short for one", grouped(rows.short_lines));
}

void keep_validation(TrainingData& data, NextItemRows rows, const std::string& path, const Sequences& sequences, bool quiet) {
  data.validation = rows.data.view();
  data.validation_path = path;
  data.events.push_back(event_of("validation", path, *data.validation, sequences));
  if (!quiet) note(fmt::format("{} rows to evaluate on{}", grouped(data.validation->size()), short_text(rows)));
  data.owners.push_back(std::move(rows.data));
}

Result<NextItemRows> rows_of_file(const std::string& path, const char* what, const SequenceNotes& notes,
                                  const std::vector<std::string>& names, bool quiet, Sequences& sequences) {
  auto read = read_known_sequences(path, quiet ? "" : what, names, notes.keyed);
  if (!read) return read.error();
  sequences = std::move(*read);
  return last_rows(sequences, notes.rules, 1, path);
}

}  // namespace

Result<TrainingData> read_sequence_data(const TrainingFiles& files, const SequenceOptions& options,
                                        const std::optional<SequenceNotes>& notes, bool quiet) {
  const auto key = options.key(notes);
  if (!key) return key.error();
  const auto rules = options.rules(notes);
  if (!rules) return rules.error();
  auto sequences = datasets::read_sequences(files.train, *key);
  if (!sequences) return sequences.error();
  if (!quiet)
    note(fmt::format("training data {}: {}; read in {}", datasets::quoted(files.train), describe(*sequences),
                     duration_text(sequences->seconds)));
  auto rows = prefix_rows(*sequences, *rules, files.holdout_last, files.train);
  if (!rows) return rows.error();
  TrainingData data;
  const SequenceNotes read_as{sequences->keyed, *rules};
  data.notes = read_as.text();
  data.train = rows->data.view();
  data.excludes_seen = rows->never_repeats();
  data.events.push_back(event_of("train", files.train, data.train, *sequences));
  if (!quiet) note(fmt::format("{} rows to train on{}", grouped(data.train.size()), short_text(*rows)));
  data.owners.push_back(std::move(rows->data));
  if (files.holdout_last > 0) {
    auto held = last_rows(*sequences, *rules, files.holdout_last, files.train);
    if (!held) return held.error();
    keep_validation(data, std::move(*held), files.train, *sequences, quiet);
  }
  Sequences other;
  if (!files.valid.empty()) {
    auto valid = rows_of_file(files.valid, "validation data", read_as, sequences->names, quiet, other);
    if (!valid) return valid.error();
    keep_validation(data, std::move(*valid), files.valid, other, quiet);
  }
  if (!files.test.empty()) {
    auto test = rows_of_file(files.test, "test data", read_as, sequences->names, quiet, other);
    if (!test) return test.error();
    data.events.push_back(event_of("test", files.test, test->data.view(), other));
    (data.validation ? data.test : data.validation) = test->data.view();
    if (data.validation_path.empty()) data.validation_path = files.test;
    data.owners.push_back(std::move(test->data));
  }
  data.item_names = std::move(sequences->names);
  return data;
}

std::vector<std::string> history_names(const std::vector<std::string>& items) {
  std::vector<std::string> names;
  names.reserve(2 * items.size());
  for (const std::string& item : items) names.push_back(item + " (before)");
  for (const std::string& item : items) names.push_back(item + " (last)");
  return names;
}

}  // namespace glissade::apps
