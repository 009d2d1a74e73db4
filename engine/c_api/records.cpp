#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <glissade/pipeline.h>

#include "engine/c_api/handles.h"

using glissade::c_api::fail;
using glissade::c_api::give_struct;
using glissade::c_api::guarded;
using glissade::c_api::missing;
using glissade::c_api::take_struct;
using glissade::c_api::told;

struct glissade_record_rows {
  glissade::PipelineRows rows;
  std::vector<std::string> names;
  std::vector<const char*> name_texts;
  std::string notes;
};

namespace {

constexpr std::uint64_t kRowsOfABlock = 4096;
constexpr const char* kNoSize = "the records have no size; use glissade_records_init()";

std::size_t blocks_of(const glissade_records& records) noexcept {
  return static_cast<std::size_t>((records.rows + kRowsOfABlock - 1) / kRowsOfABlock);
}

/// Gives the records of a block to a pipeline.
glissade::Result<void> read_block(const glissade_records& records, std::size_t block, glissade::RecordSink& sink) {
  std::vector<std::string_view> texts(records.columns);
  std::vector<std::span<const std::string_view>> fields(records.columns);
  const std::uint64_t begin = block * kRowsOfABlock, end = std::min(records.rows, begin + kRowsOfABlock);
  for (std::uint64_t row = begin; row < end; ++row) {
    for (std::uint32_t column = 0; column < records.columns; ++column) {
      const std::uint64_t at = row * records.columns + column;
      const char* text = records.texts[at];
      if (text != nullptr) texts[column] = {text, static_cast<std::size_t>(records.lengths[at])};
      fields[column] = {&texts[column], text == nullptr ? 0u : 1u};
    }
    const std::int32_t no_number = sink.add(fields);
    if (no_number >= 0)
      return glissade::usage_error("row " + std::to_string(row) + " of the records: column " + std::to_string(no_number) +
                                   " is one of numbers and has a text that is none");
  }
  return {};
}

glissade::PipelineOptions options_of(const glissade_records& records) {
  glissade::PipelineOptions options;
  for (std::uint32_t column = 0; column < records.columns; ++column)
    options.columns.push_back({records.names[column], static_cast<glissade::ColumnKind>(records.kinds[column])});
  options.word_ngrams = records.word_ngrams;
  options.shortest_piece = records.shortest_piece;
  options.longest_piece = records.longest_piece;
  if (records.stemmer != nullptr) options.stemmer = records.stemmer;
  options.columns_apart = records.columns_apart != 0;
  options.min_rows = records.min_rows;
  options.max_features = records.max_features;
  return options;
}

bool is_complete(const glissade_records& records) noexcept {
  if (records.rows > 0 && (records.texts == nullptr || records.lengths == nullptr)) return false;
  if (records.columns > 0 && (records.names == nullptr || records.kinds == nullptr)) return false;
  return records.phrase_count == 0 || records.phrases != nullptr;
}

}  // namespace

extern "C" {

void glissade_records_init_sized(glissade_records* records, std::size_t size) {
  const glissade::PipelineOptions options;
  glissade_records usual{};
  usual.word_ngrams = options.word_ngrams;
  usual.min_rows = options.min_rows;
  usual.max_features = options.max_features;
  give_struct(usual, records, size);
}

glissade_status glissade_fit_records(glissade_context* context, const glissade_records* records, glissade_record_rows** out) {
  if (records == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    glissade_records all;
    glissade_records_init(&all);
    if (!take_struct(records, all)) return fail(context, GLISSADE_USAGE, kNoSize);
    if (!is_complete(all)) return missing(context);
    for (std::uint32_t column = 0; column < all.columns; ++column) {
      if (all.names[column] == nullptr) return missing(context);
      if (all.kinds[column] > GLISSADE_COLUMN_NUMBERS) return fail(context, GLISSADE_USAGE, "no such kind of column");
    }
    const glissade::PipelineOptions options = options_of(all);
    if (auto valid = glissade::validate(options); !valid) return told(context, valid.error());
    std::vector<std::string> phrases;
    if (all.phrase_count > 0) phrases.assign(all.phrases, all.phrases + all.phrase_count);
    auto fitted = glissade::fit_pipeline(
        options, blocks_of(all), [&](std::size_t block, glissade::RecordSink& sink) { return read_block(all, block, sink); },
        phrases);
    if (!fitted) return told(context, fitted.error());
    auto rows = std::make_unique<glissade_record_rows>();
    rows->rows = std::move(fitted->rows);
    rows->names = std::move(fitted->names);
    for (const std::string& name : rows->names) rows->name_texts.push_back(name.c_str());
    rows->notes = glissade::pipeline_notes(fitted->options);
    *out = rows.release();
    return GLISSADE_OK;
  });
}

glissade_status glissade_pipeline_rows(glissade_context* context, const glissade_pipeline* pipeline,
                                       const glissade_records* records, glissade_record_rows** out) {
  if (pipeline == nullptr || records == nullptr || out == nullptr) return missing(context);
  return guarded(context, [&]() -> glissade_status {
    glissade_records all;
    glissade_records_init(&all);
    if (!take_struct(records, all)) return fail(context, GLISSADE_USAGE, kNoSize);
    if (all.rows > 0 && (all.texts == nullptr || all.lengths == nullptr)) return missing(context);
    if (all.columns != pipeline->pipeline.options().columns.size())
      return fail(context, GLISSADE_USAGE, "the records have another number of columns than the pipeline");
    auto made = glissade::apply_pipeline(pipeline->pipeline, blocks_of(all), [&](std::size_t block, glissade::RecordSink& sink) {
      return read_block(all, block, sink);
    });
    if (!made) return told(context, made.error());
    auto rows = std::make_unique<glissade_record_rows>();
    rows->rows = std::move(*made);
    *out = rows.release();
    return GLISSADE_OK;
  });
}
void glissade_record_rows_free(glissade_record_rows* rows) { delete rows; }

void glissade_record_rows_view(const glissade_record_rows* rows, glissade_rows* out) {
  const glissade::PipelineRows& of = rows->rows;
  *out = {of.rows(), of.offsets.data(), of.ids.data(), of.values.data()};
}

const char* const* glissade_record_rows_names(const glissade_record_rows* rows, std::uint32_t* features) {
  *features = static_cast<std::uint32_t>(rows->name_texts.size());
  return rows->name_texts.data();
}

const char* glissade_record_rows_notes(const glissade_record_rows* rows) { return rows->notes.c_str(); }

}  // extern "C"
