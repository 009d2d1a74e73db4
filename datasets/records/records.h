#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/records/line_counts.h"
#include "datasets/records/text_memory.h"
#include "datasets/spill_place.h"

namespace glissade::datasets {

/// How records stand in a file.
enum class RecordFormat {
  csv,         ///< RFC 4180: fields between separators, quoted where they hold separators, quotes or line ends
  tsv,         ///< the same, separated by tabs
  json_lines,  ///< one JSON object a line
  fasttext,    ///< "__label__a __label__b words ...": the columns "text" and "labels"
  lines,       ///< each line is one text: the column "text"
};

/// Bytes that one text may have: what is longer is usually a quote that was not closed.
constexpr std::size_t kLongestText = std::size_t{10} << 20;

/// What is asked of a file of records.
struct RecordOptions {
  /// Columns asked for, in the order of a record's fields. CSV: names of the header, or "1", "2" ... where there is none. JSON:
  /// names of an object, "meta.tags" for the name tags in the object meta (an object that has the name "meta.tags" itself is
  /// fine, too), also through arrays of objects.
  std::vector<std::string> columns;
  std::optional<RecordFormat> format = {};  ///< none: told by the content
  /// Of csv. None: the one of , tab ; | that stands most often in the first line, outside quotes.
  std::optional<char> separator = {};
  bool header = true;  ///< of csv and tsv: the first record names the columns
  bool quotes = true;  ///< of csv and tsv: off where a quote is a character like others
  std::string label_prefix = "__label__";
  bool strict = false;                             ///< a text that is not UTF-8 is a problem; else U+FFFD stands for what is none
  std::size_t block_bytes = std::size_t{1} << 20;  ///< of text in a block, about
  SpillPlace place = {};  ///< where text goes that is unpacked or a stream and more than memory should hold
};

/// A record that cannot be taken.
struct RecordProblem {
  std::size_t record = 0;   ///< it stands before this record of the block
  std::uint64_t line = 0;   ///< of the file, from 1
  std::string message;      ///< one line: where, what, the remedy
  bool hides_rest = false;  ///< what stands behind it could not be read: a quote that is never closed
};

class JsonRows;

/// Some records, in their order. A record has one field for each column asked for, and a field the texts that stand there: one of
/// a CSV cell or a JSON string, number or bool (numbers as they are written), several of a JSON array or of fastText's labels;
/// an empty cell, an empty string, null and a missing name are none. fastText's text is what stands between labels. Texts are
/// valid UTF-8 without NUL; they point into the file's text or into the block's memory, and stay valid until the block is used
/// again or its file goes. Of one thread at a time; using a block again saves memory from being asked for. Movable.
class RecordBlock {
 public:
  RecordBlock();
  RecordBlock(RecordBlock&&) noexcept;
  RecordBlock& operator=(RecordBlock&&) noexcept;
  ~RecordBlock();

  /// Records without problems.
  std::size_t size() const noexcept { return lines_.size(); }
  /// The fields of record i: a glissade::Record.
  std::span<const std::span<const std::string_view>> record(std::size_t i) const noexcept {
    return std::span(fields_).subspan(i * columns_, columns_);
  }
  std::span<const std::string_view> field(std::size_t i, std::size_t column) const noexcept { return record(i)[column]; }
  /// The line of its file on which record i begins, from 1.
  std::uint64_t line(std::size_t i) const { return before_.lines() + lines_[i]; }
  /// In the order of the file.
  const std::vector<RecordProblem>& problems() const noexcept { return problems_; }
  /// Texts that were not UTF-8, in which U+FFFD now stands.
  std::uint64_t replaced() const noexcept { return replaced_; }

 private:
  friend class RecordWriter;

  std::size_t columns_ = 0;
  LinesBefore before_;
  std::vector<std::uint32_t> lines_;  ///< of each record, counted from the block's first as 1
  std::vector<std::string_view> texts_;
  std::vector<std::uint32_t> ends_;                        ///< of each field among the texts
  std::vector<std::span<const std::string_view>> fields_;  ///< made of them when no more texts come
  std::vector<RecordProblem> problems_;
  std::uint64_t replaced_ = 0;
  std::vector<std::vector<std::string_view>> pending_;  ///< texts of the record that is being read, by column
  TextMemory memory_;
  std::unique_ptr<JsonRows> json_;
};

}  // namespace glissade::datasets
