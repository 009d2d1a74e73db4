#include <simdjson.h>

#include <algorithm>

#include "datasets/records/rows.h"

namespace glissade::datasets {
namespace {

bool sound_text(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size()) && text.find('\0') == std::string_view::npos;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

class FasttextReader {
 public:
  FasttextReader(RecordWriter& writer, bool sound) noexcept : layout_(writer.layout()), writer_(writer), sound_(sound) {}

  void line(std::string_view line) {
    const std::string_view prefix = layout_.label_prefix;
    std::size_t text = 0;  // where the text since the last label begins
    for (std::size_t at = next(line, 0); at < line.size(); at = next(line, text)) {
      std::size_t end = at + prefix.size();
      while (end < line.size() && !is_blank(line[end])) ++end;
      add(layout_.texts, trimmed(line.substr(text, at - text)));
      label(line.substr(at + prefix.size(), end - at - prefix.size()));
      text = end;
    }
    add(layout_.texts, trimmed(line.substr(text)));
  }

 private:
  void label(std::string_view name) {
    if (name.empty())
      return writer_.problem("a label without a name; write it behind '" + layout_.label_prefix + "', without a space");
    add(layout_.labels, name);
  }
  void add(const std::vector<std::uint32_t>& columns, std::string_view text) {
    for (const std::uint32_t column : columns) writer_.text(column, text, sound_);
  }

  /// Where the next word begins that is a label; the line's size if none does.
  std::size_t next(std::string_view line, std::size_t from) const noexcept {
    if (layout_.label_prefix.empty()) return line.size();
    std::size_t at = line.find(layout_.label_prefix, from);
    while (at != std::string_view::npos && at > 0 && !is_blank(line[at - 1])) at = line.find(layout_.label_prefix, at + 1);
    return std::min(at, line.size());
  }

  const RecordLayout& layout_;
  RecordWriter& writer_;
  bool sound_;
};

}  // namespace

void read_fasttext_rows(std::string_view text, RecordWriter& writer) {
  FasttextReader reader(writer, sound_text(text));
  for_each_row(text, [&](std::string_view line, std::size_t at) {
    if (all_blank(line)) return;
    writer.begin(at);
    reader.line(line);
    writer.end();
  });
}

void read_line_rows(std::string_view text, RecordWriter& writer) {
  const bool sound = sound_text(text);
  for_each_row(text, [&](std::string_view line, std::size_t at) {
    writer.begin(at);
    for (const std::uint32_t column : writer.layout().texts) writer.text(column, line, sound);
    writer.end();
  });
}

void read_records(std::string_view text, std::size_t readable, const RecordLayout& layout, LinesBefore before,
                  RecordBlock& block) {
  RecordWriter writer(text, layout, block, std::move(before));
  switch (layout.format) {
    case RecordFormat::csv:
    case RecordFormat::tsv: read_csv_rows(text, writer); break;
    case RecordFormat::json_lines: read_json_rows(text, readable, writer); break;
    case RecordFormat::fasttext: read_fasttext_rows(text, writer); break;
    case RecordFormat::lines: read_line_rows(text, writer);
  }
  writer.finish();
}

}  // namespace glissade::datasets
