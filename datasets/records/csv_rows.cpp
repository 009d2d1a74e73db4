#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "datasets/message.h"
#include "datasets/records/csv_row.h"
#include "datasets/records/rows.h"

namespace glissade::datasets {
namespace {

/// Two quotes as one.
std::string_view without_doubles(std::string_view text, TextMemory& memory) {
  char* const begin = memory.take(text.size());
  char* to = begin;
  while (!text.empty()) {
    const std::size_t quote = std::min(text.find('"'), text.size() - 1);
    to = std::copy_n(text.data(), quote + 1, to);
    text.remove_prefix(std::min(quote + (text[quote] == '"' ? 2 : 1), text.size()));
  }
  const auto size = static_cast<std::size_t>(to - begin);
  return {begin, size};
}

std::string column_text(const RecordLayout& layout, std::size_t column) {
  if (column >= layout.found.size()) return fmt::format("column {}", column + 1);
  return fmt::format("column '{}'", shown(layout.found[column], 60));
}

class CsvReader {
 public:
  CsvReader(std::string_view text, RecordWriter& writer)
      : layout_(writer.layout()),
        writer_(writer),
        rows_(text, layout_.separator, layout_.quotes),
        sound_(simdjson::validate_utf8(text.data(), text.size()) && text.find('\0') == std::string_view::npos) {}

  void read() {
    while (rows_.more()) {
      writer_.begin(rows_.at());
      std::size_t cells = 0;
      rows_.row([&](const CsvCell& cell) { take(cells++, cell); });
      if (cells != layout_.found.size()) ragged(cells);
      writer_.end();
    }
  }

 private:
  void take(std::size_t column, const CsvCell& cell) {
    if (cell.fault != CsvFault::none) return fault(column, cell);
    if (column >= layout_.asked_first.size()) return;
    const std::uint32_t first = layout_.asked_first[column];
    if (first == RecordLayout::kNone) return;
    writer_.text(first, cell.doubled ? without_doubles(cell.text, writer_.memory()) : cell.text, sound_);
    for (std::uint32_t same = layout_.asked_next[first]; same != RecordLayout::kNone; same = layout_.asked_next[same]) {
      writer_.again(same, first);
    }
  }

  void fault(std::size_t column, const CsvCell& cell) {
    const std::string name = column_text(layout_, column);
    constexpr std::string_view kRemedy = "a quote inside a quoted field is written twice (\"\")";
    if (cell.fault == CsvFault::unclosed) {
      writer_.problem(fmt::format("the quote that opens {} here is never closed; close it; {}", name, kRemedy), cell.at);
      writer_.hide_rest();
    } else {
      writer_.problem(
          fmt::format("'{}' stands behind the closing quote of {} that begins here; {}", shown(cell.text, 20), name, kRemedy),
          cell.at);
    }
  }

  void ragged(std::size_t cells) {
    const std::size_t width = layout_.found.size();
    writer_.problem(fmt::format(
        "{} field{} where the {} has {}; {}", cells, cells == 1 ? "" : "s", layout_.header ? "header" : "first record", width,
        cells > width ? fmt::format("quote fields that hold '{}'", shown({&layout_.separator, 1})) : "write empty fields, too"));
  }

  const RecordLayout& layout_;
  RecordWriter& writer_;
  CsvRows rows_;
  bool sound_;
};

}  // namespace

void read_csv_rows(std::string_view text, RecordWriter& writer) { CsvReader(text, writer).read(); }

}  // namespace glissade::datasets
