#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "datasets/records/layout.h"
#include "datasets/records/records.h"

namespace glissade::datasets {

/// Fills a block: texts of a record, then the record, or a problem in its place. Lines are counted along the way.
class RecordWriter {
 public:
  /// `text` holds the block's records.
  RecordWriter(std::string_view text, const RecordLayout& layout, RecordBlock& block, LinesBefore before);

  const RecordLayout& layout() const noexcept { return layout_; }
  TextMemory& memory() noexcept { return block_.memory_; }
  JsonRows& json();

  /// A record begins at `at` of the text; records come in their order.
  void begin(std::size_t at) noexcept;
  /// A text of a column asked for, or a problem of the record where it cannot be one. Empty ones are left out. `sound`: it is
  /// known to be UTF-8 without NUL.
  void text(std::uint32_t column, std::string_view text, bool sound);
  /// The same text is one of another column, too.
  void again(std::uint32_t column, std::uint32_t same_as);
  bool empty(std::uint32_t column) const noexcept { return block_.pending_[column].empty(); }
  void count_replaced() noexcept { ++block_.replaced_; }
  /// The record cannot be taken; `what` stands behind 'file':line. The first problem of a record counts. `at`: of the text, where
  /// the record's begin is not the place.
  void problem(std::string what);
  void problem(std::string what, std::size_t at);
  bool failed() const noexcept { return failed_; }
  /// The problem of the record that is being read keeps all behind it from being read.
  void hide_rest() noexcept { block_.problems_.back().hides_rest = true; }
  /// The record ends.
  void end();
  /// The block ends.
  void finish();

 private:
  std::string_view text_;
  const RecordLayout& layout_;
  RecordBlock& block_;
  std::size_t counted_ = 0;  ///< bytes whose newlines are in line_
  std::uint32_t line_ = 1;   ///< on which the record begins
  bool failed_ = false;
};

/// `text` with U+FFFD for each longest part that cannot be UTF-8.
std::string_view mended_utf8(std::string_view text, TextMemory& memory);

/// Appends the records of `text` to a block that is emptied before. `readable`: bytes that may be read from text.data() on.
void read_records(std::string_view text, std::size_t readable, const RecordLayout& layout, LinesBefore before,
                  RecordBlock& block);

}  // namespace glissade::datasets
