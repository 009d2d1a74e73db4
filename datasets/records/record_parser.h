#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "datasets/records/records.h"

namespace glissade::datasets {

/// Records that arrive in pieces, as through a pipe. Of one thread at a time. Movable.
class RecordParser {
 public:
  /// `path` for messages, "-" for standard input.
  RecordParser(RecordOptions options, std::string path);
  RecordParser(RecordParser&&) noexcept;
  RecordParser& operator=(RecordParser&&) noexcept;
  ~RecordParser();

  /// Takes the whole records that `text` begins with, or, if it is the `last` piece, all. Returns how many bytes those are: the
  /// next call's text begins behind them. 0 where more text is needed for one record. The first text settles format and columns:
  /// of JSON lines its objects must have one of the columns asked for. Errors: as RecordFiles::open().
  Result<std::size_t> read(std::string_view text, bool last, RecordBlock& out);

  /// Once a text was read: as RecordFiles::format_text().
  std::string format_text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glissade::datasets
