#include "datasets/records/cut.h"

#include <algorithm>
#include <cstring>

namespace glissade::datasets {
namespace {

bool has_quotes(const RecordLayout& layout) noexcept {
  return layout.quotes && (layout.format == RecordFormat::csv || layout.format == RecordFormat::tsv);
}

/// The parts of a CSV text that are outside quotes, one after the other: part(begin, end). See CsvRows for what a quote is.
template <class Part>
void outside_quotes(std::string_view text, char separator, const Part& part) {
  std::size_t begin = 0, at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find('"', at);
    if (open == std::string_view::npos) break;
    at = open + 1;
    if (open > 0 && text[open - 1] != separator && text[open - 1] != '\n') continue;
    part(begin, open);
    for (;;) {
      const std::size_t close = text.find('"', at);
      if (close == std::string_view::npos) return;
      at = close + 1;
      if (at == text.size() || text[at] != '"') break;
      ++at;
    }
    begin = at;
  }
  part(begin, text.size());
}

}  // namespace

std::vector<std::size_t> cut_blocks(std::string_view text, const RecordLayout& layout, std::size_t block_bytes) {
  std::vector<std::size_t> starts;
  if (layout.body >= text.size()) return starts;
  starts.push_back(layout.body);
  std::size_t target = layout.body + block_bytes;
  const auto cut_in = [&](std::size_t begin, std::size_t end) {
    while (std::max(target, begin) < end) {
      const std::size_t newline = text.substr(0, end).find('\n', std::max(target, begin));
      if (newline == std::string_view::npos || newline + 1 == text.size()) return;
      starts.push_back(newline + 1);
      target = newline + 1 + block_bytes;
    }
  };
  if (has_quotes(layout)) {
    // The header may hold quotes of its own, so the pass begins behind it, as records do.
    const std::string_view body = text.substr(layout.body);
    outside_quotes(body, layout.separator,
                   [&](std::size_t begin, std::size_t end) { cut_in(layout.body + begin, layout.body + end); });
  } else {
    cut_in(layout.body, text.size());
  }
  return starts;
}

std::size_t whole_records(std::string_view text, const RecordLayout& layout) noexcept {
  std::size_t whole = 0;
  const auto look = [&](std::size_t begin, std::size_t end) {
    const std::size_t newline = text.substr(begin, end - begin).rfind('\n');
    if (newline != std::string_view::npos) whole = begin + newline + 1;
  };
  if (has_quotes(layout)) {
    outside_quotes(text, layout.separator, look);
  } else {
    look(0, text.size());
  }
  return whole;
}

}  // namespace glissade::datasets
