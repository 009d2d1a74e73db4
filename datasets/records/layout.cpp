#include "datasets/records/layout.h"

#include <fmt/format.h>
#include <glissade/text.h>

#include <algorithm>

#include "datasets/message.h"
#include "datasets/records/csv_row.h"
#include "datasets/records/json_names.h"
#include "datasets/records/rows.h"
#include "datasets/records/separator.h"

namespace glissade::datasets {
namespace {

/// The first line that is not blank.
std::string_view telling_line(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!all_blank(line)) return line;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return text;
}

bool has_label(std::string_view line, std::string_view prefix) {
  if (prefix.empty()) return false;
  for (std::size_t at = line.find(prefix); at != std::string_view::npos; at = line.find(prefix, at + 1)) {
    if (at == 0 || is_blank(line[at - 1])) return true;
  }
  return false;
}

void settle_format(std::string_view text, const RecordOptions& options, RecordLayout& layout) {
  const std::string_view line = telling_line(text);
  if (options.format) {
    layout.format = *options.format;
  } else if (const std::size_t first = line.find_first_not_of(" \t"); first < line.size() && line[first] == '{') {
    layout.format = RecordFormat::json_lines;
  } else if (!options.separator && has_label(line, options.label_prefix)) {
    layout.format = RecordFormat::fasttext;
  }
  if (layout.format == RecordFormat::tsv) layout.separator = '\t';
  if (layout.format != RecordFormat::csv) return;
  layout.separator =
      options.separator ? *options.separator : separator_of(text.substr(static_cast<std::size_t>(line.data() - text.data())));
  if (layout.separator == '\t') layout.format = RecordFormat::tsv;
}

Error no_column(const RecordLayout& layout, std::string_view asked, std::string_view there) {
  if (layout.found.empty())
    return usage_error(fmt::format("{} has no column '{}', and no others", datasets::quoted(layout.path), shown(asked, 60)));
  const std::vector<std::string_view> known(layout.found.begin(), layout.found.end());
  const std::string_view near = nearest_name(asked, known);
  constexpr std::size_t kListed = 20;
  std::string list;
  for (std::size_t i = 0; i < std::min(known.size(), kListed); ++i)
    list += fmt::format("{}{}", i > 0 ? ", " : "", shown(known[i], 60));
  if (known.size() > kListed) list += fmt::format(" and {} more", known.size() - kListed);
  return usage_error(fmt::format("{} has no column '{}'; {}{}: {}", datasets::quoted(layout.path), shown(asked, 60),
                                 near.empty() ? "" : fmt::format("did you mean '{}'? ", shown(near, 60)), there, list));
}

Result<void> find_in_table(RecordLayout& layout) {
  layout.asked_first.assign(layout.found.size(), RecordLayout::kNone);
  layout.asked_next.assign(layout.asked.size(), RecordLayout::kNone);
  for (std::uint32_t column = 0; column < layout.asked.size(); ++column) {
    const auto place = std::ranges::find(layout.found, layout.asked[column]);
    if (place == layout.found.end())
      return no_column(layout, layout.asked[column],
                       layout.header ? "its columns are" : "it is read without a header, so its columns are");
    if (std::find(place + 1, layout.found.end(), *place) != layout.found.end())
      return runtime_error(
          fmt::format("the header of {} names two columns '{}'; rename one", datasets::quoted(layout.path), shown(*place, 60)));
    std::uint32_t* last = &layout.asked_first[static_cast<std::size_t>(place - layout.found.begin())];
    while (*last != RecordLayout::kNone) last = &layout.asked_next[*last];
    *last = column;
  }
  return {};
}

Result<void> read_header(std::string_view text, bool whole, RecordLayout& layout) {
  CsvRows rows(text, layout.separator, layout.quotes);
  if (!rows.more()) {
    layout.body = text.size();
    if (layout.asked.empty()) return {};
    return runtime_error(fmt::format("{} holds no records; give it {}", datasets::quoted(layout.path),
                                     layout.header ? "a header and rows" : "rows"));
  }
  std::optional<Error> bad;
  bool unclosed = false;
  const auto line = [&](std::size_t at) { return 1 + newlines(text.substr(0, at)); };
  rows.row([&](const CsvCell& cell) {
    unclosed = unclosed || cell.fault == CsvFault::unclosed;
    if (!layout.header) {
      layout.found.push_back(std::to_string(layout.found.size() + 1));
      return;
    }
    std::string name(cell.text);
    for (std::size_t at = 0; cell.doubled && (at = name.find("\"\"", at)) != std::string::npos; ++at) name.erase(at, 1);
    if (cell.fault != CsvFault::none && !bad)
      bad = runtime_error(fmt::format("{}: the header has a quote that is not closed before '{}'; close it",
                                      place(layout.path, line(cell.at)), shown(cell.text, 20)));
    layout.found.push_back(std::move(name));
  });
  layout.first = rows.at();
  if (!whole && layout.first == text.size() && (unclosed || text.back() != '\n')) return {};  // it goes on in text to come
  if (bad) return *bad;
  if (layout.header) layout.body = rows.at();
  return find_in_table(layout);
}

Result<void> find_words(RecordLayout& layout) {
  layout.found = {"text"};
  if (layout.format == RecordFormat::fasttext) layout.found.emplace_back("labels");
  for (std::uint32_t column = 0; column < layout.asked.size(); ++column) {
    if (layout.asked[column] == "text") {
      layout.texts.push_back(column);
    } else if (layout.format == RecordFormat::fasttext && layout.asked[column] == "labels") {
      layout.labels.push_back(column);
    } else {
      return no_column(layout, layout.asked[column], fmt::format("it is read as {}, so its columns are", format_text(layout)));
    }
  }
  return {};
}

Result<void> find_in_objects(std::string_view text, bool whole, RecordLayout& layout) {
  const std::size_t first = telling_line(text).find_first_not_of(" \t\r");
  if (first != std::string_view::npos && telling_line(text)[first] == '[')
    return runtime_error(fmt::format("{} begins with a JSON array; write one object a line, for instance with jq -c '.[]'",
                                     datasets::quoted(layout.path)));
  layout.found = json_names(text);
  layout.names = json_tree(layout.asked);
  bool some = layout.asked.empty();
  for (const std::string& asked : layout.asked) {
    const bool there = std::ranges::find(layout.found, asked) != layout.found.end() || json_may_have(text, asked);
    some = some || there;
    if (whole && !there) return no_column(layout, asked, "its first objects have");
  }
  if (!some) return no_column(layout, layout.asked.front(), "its first objects have");
  return {};
}

}  // namespace

std::string format_text(const RecordLayout& layout) {
  switch (layout.format) {
    case RecordFormat::csv:
      return layout.separator == ',' ? "CSV" : fmt::format("CSV, separator '{}'", shown({&layout.separator, 1}));
    case RecordFormat::tsv: return "TSV";
    case RecordFormat::json_lines: return "JSON lines";
    case RecordFormat::fasttext: return "fastText";
    case RecordFormat::lines: break;
  }
  return "lines of text";
}

Result<RecordLayout> read_layout(std::string_view text, const RecordOptions& options, const std::string& path, bool whole) {
  RecordLayout layout;
  layout.quotes = options.quotes;
  layout.header = options.header;
  layout.strict = options.strict;
  layout.label_prefix = options.label_prefix;
  layout.path = path;
  layout.asked = options.columns;
  settle_format(text, options, layout);
  Result<void> done;
  if (layout.format == RecordFormat::csv || layout.format == RecordFormat::tsv) {
    done = read_header(text, whole, layout);
  } else if (layout.format == RecordFormat::json_lines) {
    done = find_in_objects(text, whole, layout);
  } else {
    done = find_words(layout);
  }
  if (!done) return done.error();
  return layout;
}

}  // namespace glissade::datasets
