#include "bench/train/markdown_table.h"

#include <algorithm>

#include <fmt/format.h>

namespace glissade::bench {

std::string MarkdownTable::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 3);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += i == 0 ? fmt::format("| {:<{}} |", row[i], widths[i]) : fmt::format(" {:>{}} |", row[i], widths[i]);
    }
    out += '\n';
    if (&row != &rows_.front()) continue;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string dashes(widths[i], '-');
      out += i == 0 ? fmt::format("|-{}-|", dashes) : fmt::format("-{}:|", dashes);
    }
    out += '\n';
  }
  return out;
}

}  // namespace glissade::bench
