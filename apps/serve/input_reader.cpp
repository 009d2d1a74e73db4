#include "apps/serve/input_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/input/data_notes.h"
#include "apps/input/record_options.h"
#include "apps/input/sequence_options.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

using nlohmann::json;

/// 'text', on one line, and not longer than a message should be.
std::string quoted_short(std::string_view text) { return system::quoted(text, 60); }

Error wrong(const std::string& what, const std::string& why) { return usage_error(fmt::format("{}: {}", what, why)); }

/// Features of one row in any order, as a row has them: ascending, each once, values of the same one added up.
void append_row(std::vector<std::pair<std::uint32_t, float>>& entries, InputRows& rows) {
  if (entries.empty()) return;
  std::ranges::stable_sort(entries, {}, &std::pair<std::uint32_t, float>::first);
  const std::size_t begin = rows.ids.size();
  for (const auto& [id, value] : entries) {
    if (rows.ids.size() > begin && rows.ids.back() == id) {
      rows.values.back() += value;
      continue;
    }
    rows.ids.push_back(id);
    rows.values.push_back(value);
  }
}

void end_row(InputRows& rows) {
  rows.offsets.push_back(rows.ids.size());
  rows.seen_offsets.push_back(rows.seen.size());
  rows.word_offsets.push_back(rows.words.size());
}

/// Words that the pipeline does not know: those that a model has learned since are features behind the pipeline's own.
void append_later_words(std::span<const std::string_view> words, std::size_t known, const Snapshot& snapshot, InputRows& rows) {
  std::vector<std::pair<std::uint32_t, float>> entries;
  for (const std::string_view word : words) {
    if (const auto id = snapshot.feature_id(word); id && *id >= known && *id < snapshot.shape().features) {
      entries.emplace_back(*id, 1.f);
      continue;
    }
    ++rows.unknown;
    if (rows.keeps_words) rows.words.emplace_back(word);
  }
  append_row(entries, rows);
}

Result<float> value_of(const json& value, const std::string& what) {
  if (!value.is_number()) return wrong(what, fmt::format("a value is {}; it must be a number", kind_of(value)));
  const auto number = static_cast<float>(value.get<double>());
  if (!std::isfinite(number)) return wrong(what, "a value is too large for a float; scale the values");
  return number;
}

/// An id as the files have it that the model was trained on; at least as large as all where it is not the model's.
Result<std::uint32_t> id_of(std::uint64_t id, std::uint32_t first, const std::string& what) {
  constexpr std::uint64_t kBeyond = std::numeric_limits<std::uint32_t>::max();
  if (id < first) return wrong(what, "feature 0: the model's features count from 1");
  return static_cast<std::uint32_t>(std::min(id - first, kBeyond));
}

/// The texts of a field; `kept` holds those that are made here.
Result<std::vector<std::string_view>> texts_of(const json& value, const std::string& what, std::vector<std::string>& kept) {
  std::vector<std::string_view> texts;
  if (value.is_null()) return texts;
  if (value.is_string()) {
    texts.emplace_back(value.get_ref<const std::string&>());
  } else if (value.is_number() || value.is_boolean()) {
    kept.push_back(value.dump());
    texts.emplace_back(kept.back());
  } else if (value.is_array()) {
    for (const json& one : value) {
      if (!one.is_string()) return wrong(what, fmt::format("a list holds {}; it must hold texts", kind_of(one)));
      texts.emplace_back(one.get_ref<const std::string&>());
    }
  } else {
    return wrong(what, fmt::format("the value is {}; it must be a text, a number or a list of texts", kind_of(value)));
  }
  return texts;
}

}  // namespace

std::string kind_of(const json& value) {
  switch (value.type()) {
    case json::value_t::null: return "null";
    case json::value_t::object: return "an object";
    case json::value_t::array: return "a list";
    case json::value_t::string: return "a text";
    case json::value_t::boolean: return value.get<bool>() ? "true" : "false";
    default: return "the number " + value.dump();
  }
}

Result<std::optional<std::uint32_t>> label_of(const json& label, const Snapshot& snapshot, const std::string& what) {
  if (label.is_string()) return snapshot.label_id(label.get_ref<const std::string&>());
  if (!label.is_number_unsigned()) return wrong(what, fmt::format("a label is {}; it must be a name or an id", kind_of(label)));
  const auto id = label.get<std::uint64_t>();
  if (id >= snapshot.shape().labels) return std::optional<std::uint32_t>();
  return std::optional(static_cast<std::uint32_t>(id));
}

Result<std::shared_ptr<const InputReader>> InputReader::of(const Model& model) {
  std::shared_ptr<InputReader> reader(new InputReader());
  auto records = RecordNotes::of(model);
  if (!records) return records.error();
  if (*records) {
    reader->kind_ = Kind::texts;
    reader->names_ = model.feature_names();
    for (const PipelineColumn& column : (*records)->columns.features.columns) reader->columns_.push_back(column.name);
    auto pipeline = Pipeline::make((*records)->columns.features, reader->names_);
    if (!pipeline) return pipeline.error();
    reader->pipeline_.emplace(std::move(*pipeline));
  } else if (const auto sequence = SequenceNotes::of(model)) {
    reader->kind_ = Kind::items;
    reader->rules_ = sequence->rules;
    auto table = ItemTable::of(model);
    if (!table) return table.error();
    reader->table_ = std::move(*table);
    reader->items_ = model.shape().features / (sequence->rules.ordered ? 2 : 1);
    if (reader->table_) {
      reader->items_ = static_cast<std::uint32_t>(reader->table_->items());
      for (std::uint32_t i = 0; i < reader->items_; ++i)
        reader->item_rows_.push_back(reader->table_->row_of(model.label_names()[i]));
    }
  } else if (model.data_notes().starts_with(data_notes(datasets::Format::libsvm, datasets::IdBase::one))) {
    reader->first_id_ = 1;
  }
  return std::shared_ptr<const InputReader>(std::move(reader));
}

namespace {

/// The vector of an input of a model that takes `width` numbers, 0: none.
Result<void> append_vector(const json& input, std::uint32_t width, const std::string& what, InputRows& rows) {
  const auto found = input.is_object() ? input.find("vector") : input.end();
  const bool given = input.is_object() && found != input.end();
  if (!given && width == 0) return {};
  if (width == 0) return wrong(what, "the model takes no vectors; leave \"vector\" out");
  if (!given) {
    return wrong(what, fmt::format("the model takes a vector of {} numbers with each row; give \"vector\":[..], as in "
                                   "{{\"text\":..,\"vector\":[..]}}",
                                   width));
  }
  if (!found->is_array() || found->size() != width)
    return wrong(what, fmt::format("\"vector\" must be a list of {} numbers, as the model takes them", width));
  rows.vector_width = width;
  for (const json& one : *found) {
    const auto number = value_of(one, what);
    if (!number) return number.error();
    rows.vectors.push_back(*number);
  }
  return {};
}

}  // namespace

Result<void> InputReader::add(const json& input, const Snapshot& snapshot, const std::string& what, InputRows& rows) const {
  if (auto added = append_vector(input, snapshot.shape().vector_width, what, rows); !added) return added;
  return add_features_of(input, snapshot, what, rows);
}

Result<void> InputReader::add_features_of(const json& input, const Snapshot& snapshot, const std::string& what,
                                          InputRows& rows) const {
  constexpr std::string_view kForms =
      "give {\"text\":..}, {\"items\":[..]}, {\"features\":{..}} or {\"ids\":[..],\"values\":[..]}";
  if (input.is_string()) return add_text(input, snapshot, what, rows);
  if (!input.is_object()) return wrong(what, fmt::format("an input is {}; {}", kind_of(input), kForms));
  const std::size_t fields = input.size() - input.count("vector");
  const bool with_values = fields == 2 && input.contains("ids") && input.contains("values");
  if (fields == 0 && !input.empty()) {  // the vector alone
    end_row(rows);
    return {};
  }
  if (fields != 1 && !with_values)
    return wrong(what, fmt::format("an input has {} fields that are not one of its forms; {}", fields, kForms));
  if (input.contains("ids")) return add_ids(input, snapshot, what, rows);
  const auto form = input.begin().key() == "vector" ? std::next(input.begin()) : input.begin();
  if (form.key() == "text") return add_text(form.value(), snapshot, what, rows);
  if (form.key() == "items") return add_items(form.value(), snapshot, what, rows);
  if (form.key() == "features") return add_features(form.value(), snapshot, what, rows);
  return wrong(what, fmt::format("an input has no field {}; {}", quoted_short(form.key()), kForms));
}

Result<void> InputReader::add_text(const json& text, const Snapshot& snapshot, const std::string& what, InputRows& rows) const {
  if (!pipeline_) {
    return wrong(what, kind_ == Kind::items ? "the model was trained on items and knows no texts; give {\"items\":[..]}"
                                            : "the model was trained on features and knows no texts; give {\"features\":{..}}");
  }
  const auto& columns = pipeline_->options().columns;
  std::vector<std::vector<std::string_view>> fields(columns.size());
  std::vector<std::string> kept;
  kept.reserve(columns.size());
  if (text.is_string()) {
    const auto first = std::ranges::find(columns, ColumnKind::text, &PipelineColumn::kind);
    if (first == columns.end()) return wrong(what, "a text alone is for a model with a column of texts, and this has none");
    fields[static_cast<std::size_t>(first - columns.begin())] = {text.get_ref<const std::string&>()};
  } else if (text.is_object()) {
    for (const auto& [name, value] : text.items()) {
      const auto column = std::ranges::find(columns, name, &PipelineColumn::name);
      if (column == columns.end())
        return wrong(
            what, fmt::format("the model has no column {}; its columns are {}", quoted_short(name), fmt::join(columns_, ", ")));
      auto texts = texts_of(value, fmt::format("{}: column {}", what, quoted_short(name)), kept);
      if (!texts) return texts.error();
      fields[static_cast<std::size_t>(column - columns.begin())] = std::move(*texts);
    }
  } else {
    return wrong(what, fmt::format("\"text\" is {}; it must be a text, or an object with the columns {}", kind_of(text),
                                   fmt::join(columns_, ", ")));
  }
  const std::vector<std::span<const std::string_view>> record(fields.begin(), fields.end());
  thread_local Pipeline::Workspace workspace;
  const PipelineRow row = pipeline_->row(record, workspace);
  if (row.no_number >= 0)
    return wrong(what, fmt::format("column {} holds a text where a number should be",
                                   quoted_short(columns_[static_cast<std::size_t>(row.no_number)])));
  rows.ids.insert(rows.ids.end(), row.ids.begin(), row.ids.end());
  rows.values.insert(rows.values.end(), row.values.begin(), row.values.end());
  append_later_words(Pipeline::unknown_words(workspace), pipeline_->features(), snapshot, rows);
  end_row(rows);
  return {};
}

Result<void> InputReader::add_items(const json& items, const Snapshot& snapshot, const std::string& what, InputRows& rows) const {
  if (kind_ != Kind::items) return wrong(what, "\"items\" are for a model of sequences or events, and this is none");
  if (!items.is_array()) return wrong(what, fmt::format("\"items\" is {}; it must be a list of names or ids", kind_of(items)));
  std::vector<std::uint32_t> history;
  history.reserve(items.size());
  std::vector<std::uint32_t> described;
  for (const json& item : items) {
    const auto label = label_of(item, snapshot, what);
    if (!label) return label.error();
    if (*label) rows.seen.push_back(**label);
    if (!*label || **label >= items_) ++rows.unknown;
    history.push_back(std::min(label->value_or(items_), items_));  // one that was added since has an age and no feature
    if (!table_) continue;
    const bool trained = *label && **label < items_;
    described.push_back(trained            ? item_rows_[**label]
                        : item.is_string() ? table_->row_of(item.get_ref<const std::string&>())
                                           : datasets::ItemFeatures::kNoRow);
  }
  datasets::append_history({history, {}, {}, described, table_ ? table_->rows().view() : SparseRows{}}, rules_, items_, rows.ids,
                           rows.values);
  end_row(rows);
  return {};
}

Result<void> InputReader::add_features(const json& features, const Snapshot& snapshot, const std::string& what,
                                       InputRows& rows) const {
  if (!features.is_object())
    return wrong(what, fmt::format("\"features\" is {}; it must be an object of ids or names, and values", kind_of(features)));
  std::vector<std::pair<std::uint32_t, float>> entries;
  for (const auto& [name, value] : features.items()) {
    const auto number = value_of(value, what);
    if (!number) return number.error();
    std::optional<std::uint32_t> id = snapshot.feature_id(name);
    if (!id) {
      std::uint64_t read = 0;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), read);
      if (error == std::errc() && end == name.data() + name.size()) {
        const auto counted = id_of(read, first_id_, what);
        if (!counted) return counted.error();
        id = *counted;
      }
    }
    if (!id || *id >= snapshot.shape().features) {
      ++rows.unknown;
      continue;
    }
    entries.emplace_back(*id, *number);
  }
  append_row(entries, rows);
  end_row(rows);
  return {};
}

Result<void> InputReader::add_ids(const json& input, const Snapshot& snapshot, const std::string& what, InputRows& rows) const {
  const json& ids = input["ids"];
  if (!ids.is_array()) return wrong(what, fmt::format("\"ids\" is {}; it must be a list of ids", kind_of(ids)));
  const auto values = input.find("values");
  if (values != input.end() && (!values->is_array() || values->size() != ids.size()))
    return wrong(what, fmt::format("\"values\" must be a list of {} numbers, as many as \"ids\"", ids.size()));
  std::vector<std::pair<std::uint32_t, float>> entries;
  entries.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!ids[i].is_number_unsigned())
      return wrong(what, fmt::format("a feature id is {}; it must be a whole number", kind_of(ids[i])));
    const auto id = id_of(ids[i].get<std::uint64_t>(), first_id_, what);
    if (!id) return id.error();
    const auto value = values == input.end() ? Result<float>(1.f) : value_of((*values)[i], what);
    if (!value) return value.error();
    if (*id >= snapshot.shape().features) {
      ++rows.unknown;
      continue;
    }
    entries.emplace_back(*id, *value);
  }
  append_row(entries, rows);
  end_row(rows);
  return {};
}

}  // namespace glissade::apps
