// Texts as features. The first byte chooses what words are. A pipeline that was fitted to records makes the same rows of them,
// also where spaces stand before a text.
#include <glissade/pipeline.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/fuzz/target.h"

namespace {

using namespace glissade;

PipelineOptions options_of(std::uint8_t choice) {
  PipelineOptions options;
  options.columns = {{"t", ColumnKind::text, 0, 1}, {"c", ColumnKind::categories, 0, 1}, {"n", ColumnKind::numbers, 0, 1}};
  options.word_ngrams = 1u + choice % 3u;
  if (choice & 4) options.longest_piece = options.shortest_piece = 3;
  if (choice & 8) options.stemmer = "english";
  options.columns_apart = (choice & 16) != 0;
  options.min_rows = choice & 32 ? 2 : 1;
  return options;
}

/// The lines of the input, as records of three equal fields.
std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// The row of a record whose text is `text`, as bytes.
std::string row_of(const Pipeline& pipeline, Pipeline::Workspace& workspace, std::string_view text, std::string_view line) {
  const std::span<const std::string_view> words(&text, 1), other(&line, 1);
  const std::vector<std::span<const std::string_view>> record = {words, other, other};
  const PipelineRow row = pipeline.row(record, workspace);
  std::string bytes;
  for (std::size_t i = 0; i < row.ids.size(); ++i) {
    fuzz::require(row.ids[i] < pipeline.features() && (i == 0 || row.ids[i - 1] < row.ids[i]),
                  "features ascend below their number");
    bytes += std::to_string(row.ids[i]) + ":" + std::to_string(row.values[i]) + " ";
  }
  return bytes;
}

std::string row_of(const PipelineRows& rows, std::size_t row) {
  std::string bytes;
  for (std::uint64_t i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i)
    bytes += std::to_string(rows.ids[i]) + ":" + std::to_string(rows.values[i]) + " ";
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::single_threaded();
  std::string_view text = fuzz::as_text(data, size);
  const std::uint8_t choice = fuzz::take_byte(text), spaces = fuzz::take_byte(text);
  const std::vector<std::string_view> lines = lines_of(text);
  const std::vector<std::string> phrases = {"a b", "b c d"};
  const auto fitted = fit_pipeline(
      options_of(choice), 1,
      [&](std::size_t, RecordSink& sink) -> Result<void> {
        for (const std::string_view& line : lines) {
          const std::span<const std::string_view> field(&line, 1);
          const std::vector<std::span<const std::string_view>> record = {field, field, field};
          sink.add(record);
        }
        return {};
      },
      phrases);
  const auto* fit = fuzz::checked(fitted);
  if (fit == nullptr) return 0;
  const auto made = Pipeline::make(fit->options, fit->names);
  const auto* pipeline = fuzz::checked(made);
  if (pipeline == nullptr) return 0;
  Pipeline::Workspace workspace;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string row = row_of(*pipeline, workspace, lines[i], lines[i]);
    fuzz::require(row == row_of(fit->rows, i), "a known pipeline makes the rows that it was fitted to");
    fuzz::require(row == row_of(*pipeline, workspace, std::string(spaces % 70, ' ') + std::string(lines[i]), lines[i]),
                  "spaces before a text change nothing");
  }
  return 0;
}
