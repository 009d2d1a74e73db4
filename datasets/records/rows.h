#pragma once

#include <cstddef>
#include <string_view>

#include "datasets/records/record_writer.h"

namespace glissade::datasets {

/// The records of a text, as its format has them.
void read_csv_rows(std::string_view text, RecordWriter& writer);
/// `readable`: bytes that may be read from text.data() on.
void read_json_rows(std::string_view text, std::size_t readable, RecordWriter& writer);
void read_fasttext_rows(std::string_view text, RecordWriter& writer);
void read_line_rows(std::string_view text, RecordWriter& writer);

/// Calls line(view, at) for each line of a text, without LF or CRLF.
template <class Line>
void for_each_row(std::string_view text, const Line& line) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const bool carriage = end > at && text[end - 1] == '\r';
    line(text.substr(at, end - at - (carriage ? 1 : 0)), at);
    at = end + 1;
  }
}

inline bool all_blank(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_blank(c)) return false;
  }
  return true;
}

}  // namespace glissade::datasets
