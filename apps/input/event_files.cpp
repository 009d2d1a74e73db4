#include "apps/input/event_files.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/record_options.h"
#include "apps/input/record_rows.h"
#include "datasets/message.h"

namespace glissade::apps {

std::string EventNotes::json() const {
  nlohmann::ordered_json out;
  out["user"] = columns.user;
  out["item"] = columns.item;
  out["time"] = columns.time;
  if (!columns.weight.empty()) out["weight"] = columns.weight;
  out["header"] = has_header;
  out["separator"] = separator;
  return out.dump();
}

EventNotes EventNotes::of(std::string_view json) {
  EventNotes notes;
  const auto read = nlohmann::json::parse(json, nullptr, false);
  if (!read.is_object()) return notes;
  notes.columns = {read.value("user", ""), read.value("item", ""), read.value("time", ""), read.value("weight", "")};
  notes.has_header = read.value("header", true);
  notes.separator = read.value("separator", "");
  return notes;
}

Result<datasets::RecordOptions> EventNotes::reading(std::string_view format) const {
  datasets::RecordOptions options;
  if (!format.empty()) {
    const auto chosen = choose_record_format(format);
    if (!chosen) return chosen.error();
    options.format = *chosen;
  }
  if (!separator.empty()) options.separator = separator.front();
  options.header = has_header;
  options.columns = columns.asked();
  return options;
}

Result<datasets::EventLog> read_known_events(const datasets::RecordFiles& file, const datasets::EventColumns& columns,
                                             const KnownItems& items) {
  if (items.table == nullptr) return datasets::read_events(file, columns, *items.names);
  auto log = datasets::read_events(file, columns, items.table->looked_up(*items.names));
  if (log) items.table->describe(log->sequences, items.names->size());
  return log;
}

std::string unknown_text(const std::string& name, const datasets::Sequences& sequences) {
  if (sequences.unknown == 0) return {};
  std::uint64_t described = 0;
  for (std::size_t i = 0; i < sequences.rows.size(); ++i) {
    described += sequences.items[i] >= sequences.names.size() && sequences.rows[i] != datasets::ItemFeatures::kNoRow ? 1 : 0;
  }
  return fmt::format(
      "{}: {} of {} items are unknown to the model; {}", name, grouped(sequences.unknown), grouped(sequences.items.size()),
      described == 0 ? "they are passed over"
      : described == sequences.unknown
          ? "they count by their words and categories"
          : fmt::format("{} of them count by their words and categories, the others are passed over", grouped(described)));
}

Result<datasets::EventLog> read_event_log(const std::string& path, const std::string& what, const EventNotes& notes,
                                          std::string_view format, const KnownItems& items, bool ordered) {
  const auto reading = notes.reading(format);
  if (!reading) return reading.error();
  const auto file = datasets::RecordFiles::open(path, *reading);
  if (!file) return file.error();
  auto log =
      items.names == nullptr ? datasets::read_events(*file, notes.columns) : read_known_events(*file, notes.columns, items);
  if (!log) return log;
  const datasets::Sequences& sequences = log->sequences;
  if (!what.empty())
    note(fmt::format(
        "{} {}: {}, {} events of {} users and {} different items, {}; read in {} ({:.0f} MB/s)", what, datasets::quoted(path),
        file->format_text(), grouped(sequences.items.size()), grouped(sequences.size()), grouped(sequences.names.size()),
        !ordered                     ? "a set for each user"
        : notes.columns.time.empty() ? "in the order of the file; --time COLUMN says another"
                                     : "in the order of time",
        duration_text(sequences.seconds), static_cast<double>(sequences.text_bytes) * 1e-6 / std::max(sequences.seconds, 1e-9)));
  if (log->replaced > 0) note(replaced_text(datasets::quoted(path), log->replaced));
  if (sequences.unknown > 0) note(unknown_text(datasets::quoted(path), sequences) + ", and cannot be predicted");
  return log;
}

}  // namespace glissade::apps
