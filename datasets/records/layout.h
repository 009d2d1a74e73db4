#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/records/records.h"

namespace glissade::datasets {

/// Which columns are asked for under a name of a JSON object, and under the names of the object there.
struct JsonNames {
  std::string name;
  std::vector<std::uint32_t> columns;
  std::vector<JsonNames> inside;
};

/// How one file is read: what RecordOptions leave open is settled here.
struct RecordLayout {
  RecordFormat format = RecordFormat::csv;
  char separator = ',';
  bool quotes = true;
  bool header = true;
  bool strict = false;
  std::string label_prefix;
  std::string path;                ///< for messages
  std::vector<std::string> asked;  ///< columns
  std::vector<std::string> found;  ///< columns of the file; of JSON lines those of its first records
  std::size_t body = 0;            ///< bytes of the text before the first record
  std::size_t first = 0;           ///< csv: bytes up to the end of the header or, without one, of the first record
  /// csv: for each column of the file the first asked one that it is, for each asked column the next one of the same name.
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::vector<std::uint32_t> asked_first, asked_next;
  JsonNames names;                           ///< json_lines: the object of a record, without a name
  std::vector<std::uint32_t> texts, labels;  ///< fasttext and lines: which asked columns these are
};

/// Settles the format by the first bytes, reads the header and looks the columns up. `text` is the file's or, where `whole` is
/// false, its beginning: the first line with something on it at least. Errors: usage, where a column is not there.
Result<RecordLayout> read_layout(std::string_view text, const RecordOptions& options, const std::string& path, bool whole);

/// "CSV, separator ';'", "JSON lines".
std::string format_text(const RecordLayout& layout);

/// Whether a byte stands between words of a line.
inline bool is_blank(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace glissade::datasets
