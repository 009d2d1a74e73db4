#include "apps/input/item_table.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/data_notes.h"
#include "apps/input/sequence_options.h"
#include "datasets/message.h"
#include "datasets/records/record_files.h"

namespace glissade::apps {
namespace {

using datasets::ItemFeatures;

constexpr std::string_view kTableHead = "item-features ";
constexpr std::string_view kTableRow = "item ";

struct ItemRecord {
  std::string key;
  std::size_t record = 0;  ///< of its block
};

Result<datasets::RecordFiles> open_table(const std::string& path, const ItemColumns& columns) {
  datasets::RecordOptions reading;
  reading.columns.push_back(columns.key);
  for (const PipelineColumn& column : columns.features.columns) reading.columns.push_back(column.name);
  return datasets::RecordFiles::open(path, reading);
}

/// Gives those records of a table to a pipeline whose keys are asked for, and keeps the keys.
class KeyedReading {
 public:
  using Asked = std::function<bool(const std::string& key)>;
  KeyedReading(const datasets::RecordFiles& file, const ItemColumns& columns, Asked asked)
      : file_(file), columns_(columns), asked_(std::move(asked)), blocks_(file.blocks()) {}

  Result<void> operator()(std::size_t number, RecordSink& sink) {
    datasets::RecordBlock block;
    file_.read(number, block);
    if (!block.problems().empty()) return runtime_error(block.problems().front().message);
    for (std::size_t record = 0; record < block.size(); ++record) {
      const auto keys = block.field(record, 0);
      if (keys.size() != 1)
        return runtime_error(fmt::format("{}: column '{}' has {} here, and a record is of one item; {}",
                                         file_.place(number, block, record), datasets::shown(columns_.key, 60),
                                         keys.empty() ? "no value" : "several values",
                                         keys.empty() ? "leave such records out" : "write a record for each"));
      std::string key(keys.front());
      if (!asked_(key)) continue;
      sink.add(block.record(record).subspan(1));
      blocks_[number].push_back({std::move(key), record});
    }
    return {};
  }

  /// Of the records that were given, in their order. Error if an item comes twice.
  Result<std::vector<std::string>> keys() const {
    std::vector<std::string> all;
    std::unordered_set<std::string_view> met;
    for (std::size_t number = 0; number < blocks_.size(); ++number) {
      for (const ItemRecord& item : blocks_[number]) {
        if (!met.insert(item.key).second) return twice(number, item);
        all.push_back(item.key);
      }
    }
    return all;
  }

 private:
  Error twice(std::size_t number, const ItemRecord& item) const {
    datasets::RecordBlock block;
    file_.read(number, block);
    return runtime_error(fmt::format("{}: column '{}' has '{}' a second time; write one record for each item",
                                     file_.place(number, block, item.record), datasets::shown(columns_.key, 60),
                                     datasets::shown(item.key)));
  }

  const datasets::RecordFiles& file_;
  const ItemColumns& columns_;
  Asked asked_;
  std::vector<std::vector<ItemRecord>> blocks_;
};

/// Takes a number off the front of a text; false if none is there.
bool take_count(std::string_view& text, std::uint32_t& out) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return true;
}

/// The " feature:count" of a row; ":1" is left out. False if they are none.
bool take_row(std::string_view text, ItemFeatures& counts) {
  while (!text.empty()) {
    std::uint32_t id = 0, count = 1;
    if (text.front() != ' ') return false;
    text.remove_prefix(1);
    if (!take_count(text, id) || id >= counts.features) return false;
    if (text.starts_with(':')) {
      text.remove_prefix(1);
      if (!take_count(text, count) || count == 0) return false;
    }
    if (counts.ids.size() > counts.offsets.back() && counts.ids.back() >= id) return false;
    counts.ids.push_back(id);
    counts.values.push_back(static_cast<float>(count));
  }
  counts.offsets.push_back(counts.ids.size());
  return true;
}

/// Where the JSON string ends that a line begins with.
std::size_t string_end(std::string_view line) noexcept {
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      return i + 1;
    }
  }
  return 0;
}

Error damaged_table() { return runtime_error("the model's table of items is damaged; train a new model"); }

}  // namespace

Result<ItemTable> ItemTable::fit(const std::string& path, ItemColumns columns, const std::vector<std::string>& items,
                                 bool quiet) {
  const auto file = open_table(path, columns);
  if (!file) return file.error();
  const std::unordered_set<std::string_view> known(items.begin(), items.end());
  columns.features.min_rows = 2;  // what one item alone has says no more than the item itself
  KeyedReading trained(*file, columns, [&](const std::string& key) { return known.contains(key); });
  auto fitted = fit_pipeline(columns.features, file->blocks(), std::ref(trained));
  if (!fitted) return fitted.error();
  const auto keys = trained.keys();
  if (!keys) return keys.error();
  if (keys->empty())
    return runtime_error(
        fmt::format("{}: column '{}' has none of the {} items of the log; name the column of their ids with "
                    "--item-key",
                    file->name(), datasets::shown(columns.key, 60), grouped(items.size())));
  if (fitted->names.empty())
    return runtime_error(fmt::format("{}: no word or category stands in two items of the log; name other columns", file->name()));
  ItemTable table;
  columns.features = fitted->options;
  table.columns_ = columns;
  table.names_ = std::move(fitted->names);
  table.take(*keys, fitted->rows);
  KeyedReading others(*file, columns, [&](const std::string& key) { return !known.contains(key); });
  const auto pipeline = Pipeline::make(table.columns_.features, table.names_);
  if (!pipeline) return pipeline.error();
  const auto rest = apply_pipeline(*pipeline, file->blocks(), std::ref(others));
  if (!rest) return rest.error();
  const auto cold = others.keys();
  if (!cold) return cold.error();
  table.take(*cold, *rest);
  table.fitted_rows_ = table.keys_.size();
  table.weigh();
  if (!quiet)
    note(fmt::format("items {}: {}, features of {} of {} items, and of {} others; {} words and categories, {:.1f} per item",
                     datasets::quoted(path), file->format_text(), grouped(keys->size()), grouped(items.size()),
                     grouped(cold->size()), grouped(table.names_.size()),
                     static_cast<double>(table.counts_.ids.size()) / static_cast<double>(table.keys_.size())));
  return table;
}

Result<void> ItemTable::add(const std::string& path, bool quiet) {
  const auto file = open_table(path, columns_);
  if (!file) return file.error();
  const auto pipeline = Pipeline::make(columns_.features, names_);
  if (!pipeline) return pipeline.error();
  KeyedReading reading(*file, columns_, [](const std::string&) { return true; });
  const auto rows = apply_pipeline(*pipeline, file->blocks(), std::ref(reading));
  if (!rows) return rows.error();
  const auto keys = reading.keys();
  if (!keys) return keys.error();
  const std::size_t before = row_of_.size();
  take(*keys, *rows);
  weigh();
  if (!quiet)
    note(fmt::format("items {}: {}, {} items, {} of them new", datasets::quoted(path), file->format_text(), grouped(keys->size()),
                     grouped(row_of_.size() - before)));
  return {};
}

void ItemTable::take(const std::vector<std::string>& keys, const PipelineRows& counts) {
  counts_.features = static_cast<std::uint32_t>(names_.size());
  const std::uint64_t base = counts_.ids.size();
  for (std::size_t row = 0; row < keys.size(); ++row) {
    row_of_.insert_or_assign(keys[row], static_cast<std::uint32_t>(counts_.rows()));
    counts_.offsets.push_back(base + counts.offsets[row + 1]);
    keys_.push_back(keys[row]);
  }
  counts_.ids.insert(counts_.ids.end(), counts.ids.begin(), counts.ids.end());
  counts_.values.insert(counts_.values.end(), counts.values.begin(), counts.values.end());
}

void ItemTable::weigh() {
  std::vector<std::uint32_t> counted(counts_.features);
  for (std::uint64_t i = 0; i < counts_.offsets[fitted_rows_]; ++i) ++counted[counts_.ids[i]];
  datasets::ItemFeatures weighed = counts_;
  datasets::weigh(weighed, counted, fitted_rows_);
  weighed_ = std::make_shared<const ItemFeatures>(std::move(weighed));
}

std::string ItemTable::notes(std::size_t items) const {
  nlohmann::ordered_json head;
  head["key"] = columns_.key;
  head["pipeline"] = pipeline_notes(columns_.features);
  head["items"] = items;
  head["features"] = names_.size();
  std::string text = fmt::format("{}{}\n", kTableHead, head.dump());
  for (std::size_t row = 0; row < fitted_rows_; ++row) {
    text += kTableRow;
    text += nlohmann::json(keys_[row]).dump();
    for (std::uint64_t i = counts_.offsets[row]; i < counts_.offsets[row + 1]; ++i) {
      fmt::format_to(std::back_inserter(text), " {}", counts_.ids[i]);
      if (counts_.values[i] != 1) fmt::format_to(std::back_inserter(text), ":{:.0f}", counts_.values[i]);
    }
    text += '\n';
  }
  return text;
}

Result<std::optional<ItemTable>> ItemTable::of(const Model& model) {
  const std::string_view notes = model.data_notes();
  const std::string_view head = notes_value(notes, kTableHead.substr(0, kTableHead.size() - 1));
  if (head.empty()) return std::optional<ItemTable>();
  const auto read = nlohmann::json::parse(head, nullptr, false);
  if (!read.is_object()) return damaged_table();
  ItemTable table;
  table.columns_.key = read.value("key", "");
  auto options = read_pipeline_notes(read.value("pipeline", ""));
  if (!options) return options.error();
  table.columns_.features = std::move(*options);
  const auto& names = model.feature_names();
  const std::size_t features = read.value("features", std::size_t{0});
  table.items_ = read.value("items", std::size_t{0});
  const auto sequence = SequenceNotes::of(model);
  const std::size_t each = sequence && !sequence->rules.ordered ? 1 : 2;  // features of an item itself
  if (features == 0 || table.items_ == 0 || table.items_ > names.size() / each || features > names.size() - each * table.items_)
    return damaged_table();
  const auto first = names.begin() + static_cast<std::ptrdiff_t>(each * table.items_);
  table.names_.assign(first, first + static_cast<std::ptrdiff_t>(features));
  table.counts_.features = static_cast<std::uint32_t>(features);
  std::string_view rest = notes.substr(static_cast<std::size_t>(head.data() - notes.data()) + head.size());
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!line.starts_with(kTableRow)) continue;
    line.remove_prefix(kTableRow.size());
    const std::size_t end = string_end(line);
    const auto key = nlohmann::json::parse(line.substr(0, end), nullptr, false);
    if (!key.is_string() || !take_row(line.substr(end), table.counts_)) return damaged_table();
    table.row_of_.insert_or_assign(key.get<std::string>(), static_cast<std::uint32_t>(table.keys_.size()));
    table.keys_.push_back(key.get<std::string>());
  }
  table.fitted_rows_ = table.keys_.size();
  table.weigh();
  return std::optional(std::move(table));
}

std::vector<std::string> ItemTable::looked_up(const std::vector<std::string>& items) const {
  std::vector<std::string> all = items;
  std::unordered_set<std::string_view> met(items.begin(), items.end());
  for (const std::string& key : keys_) {
    if (met.insert(key).second) all.push_back(key);
  }
  return all;
}

std::uint32_t ItemTable::row_of(const std::string& item) const {
  const auto found = row_of_.find(item);
  return found == row_of_.end() ? ItemFeatures::kNoRow : found->second;
}

std::uint64_t ItemTable::describe(datasets::Sequences& sequences, std::size_t known) const {
  std::vector<std::uint32_t> rows;  // by item
  for (const std::string& name : sequences.names) rows.push_back(row_of(name));
  rows.push_back(ItemFeatures::kNoRow);  // of items that were not found
  std::uint64_t described = 0;
  sequences.unknown = 0;
  sequences.rows.clear();
  for (std::uint32_t& item : sequences.items) {
    sequences.rows.push_back(rows[item]);
    if (item < known) continue;
    ++sequences.unknown;
    described += rows[item] != ItemFeatures::kNoRow ? 1 : 0;
    item = static_cast<std::uint32_t>(known);
  }
  sequences.names.resize(known);
  sequences.features = weighed_;
  return described;
}

}  // namespace glissade::apps
