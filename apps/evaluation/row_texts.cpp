#include "apps/evaluation/row_texts.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "datasets/records/record_files.h"

namespace glissade::apps {
namespace {

constexpr std::size_t kLongestRowText = 500;

/// The columns of a record that features are made of. More than one: with their names.
std::string record_in_words(const datasets::RecordBlock& block, std::size_t i, const std::vector<PipelineColumn>& columns) {
  std::string text;
  for (std::size_t column = 0; column < columns.size() && text.size() < kLongestRowText; ++column) {
    std::string field;
    for (const std::string_view part : block.field(i, column)) {
      if (field.size() >= kLongestRowText) break;
      field += (field.empty() ? "" : ", ") + cut_text(part, kLongestRowText);
    }
    if (field.empty()) continue;
    if (!text.empty()) text += "; ";
    text += columns.size() == 1 ? field : columns[column].name + ": " + field;
  }
  return cut_text(text, kLongestRowText);
}

Result<std::vector<std::string>> records_in_words(const Model& model, const std::string& path, const std::string& format,
                                                  const RecordOptions& options, std::span<const std::size_t> wanted) {
  const auto notes = RecordNotes::of(model);
  if (!notes) return notes.error();
  const auto reading = options.reading(format, **notes);
  if (!reading) return reading.error();
  const auto file = datasets::RecordFiles::open(path, *reading);
  if (!file) return file.error();
  std::unordered_map<std::size_t, std::size_t> places;
  for (std::size_t i = 0; i < wanted.size(); ++i) places.emplace(wanted[i], i);
  std::vector<std::string> texts(wanted.size());
  std::size_t row = 0;
  datasets::RecordBlock records;
  for (std::size_t block = 0; block < file->blocks(); ++block) {
    file->read(block, records);
    for (std::size_t i = 0; i < records.size(); ++i, ++row) {
      if (const auto at = places.find(row); at != places.end())
        texts[at->second] = record_in_words(records, i, (*notes)->columns.features.columns);
    }
  }
  return texts;
}

std::string features_in_words(const Model& model, const ScoredRows& rows, std::size_t row) {
  const bool items = rows.kind == RowKind::sequences;
  const auto& names = items ? model.label_names() : model.feature_names();
  const auto ids = rows.view.features.row_ids(row);
  const auto values = rows.view.features.row_values(row);
  std::vector<std::size_t> order(ids.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto size = [&](std::size_t i) { return values.empty() ? 1.f : std::fabs(values[i]); };
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return size(a) > size(b); });
  std::string text;
  for (const std::size_t i : order) {
    if (text.size() >= kLongestRowText) break;
    if (items && ids[i] >= names.size()) continue;  // the last item again
    if (!text.empty()) text += ", ";
    text += ids[i] < names.size() ? names[ids[i]] : fmt::format("{}:{}", ids[i], values.empty() ? 1.f : values[i]);
  }
  return cut_text(text, kLongestRowText);
}

}  // namespace

std::string cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0u) == 0x80u) --limit;
  return std::string(text.substr(0, limit)) + "\u2026";
}

Result<std::vector<std::string>> row_texts(const Model& model, const ScoredRows& rows, const std::string& path,
                                           const std::string& format, const RecordOptions& records,
                                           std::span<const std::size_t> wanted) {
  if (rows.kind == RowKind::records) return records_in_words(model, path, format, records, wanted);
  std::vector<std::string> texts;
  for (const std::size_t row : wanted) texts.push_back(features_in_words(model, rows, row));
  return texts;
}

}  // namespace glissade::apps
