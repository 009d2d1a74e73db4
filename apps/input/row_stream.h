#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/result.h>

#include "apps/input/line_stream.h"
#include "apps/input/row_feed.h"
#include "datasets/read.h"

namespace glissade::apps {

/// Rows that arrive one after the other on a file descriptor, such as a pipe: "l1,l2 f:v f:v" or just "f:v f:v" per line, labels
/// ignored. A first line of exactly three numbers is taken for an XMC header and skipped; comment lines are no rows.
class RowStream {
 public:
  /// `name` is for messages. Features with ids from `feature_count` on are left out and counted; a header that states more is
  /// refused. libsvm: ids count from 1 unless `options` say zero. `keeps_going`: lines that are no rows are errors of a block.
  RowStream(LineStream lines, std::string name, const datasets::ReadOptions& options, std::uint32_t feature_count,
            bool keeps_going);

  /// Waits for at least one whole line and returns all rows that are there, at most about a megabyte of text; an empty block
  /// means the end. It stays valid until the next call.
  Result<RowBlock> next();

  // Of all rows so far.
  std::uint64_t rows() const noexcept { return rows_; }
  const datasets::ReadChanges& changes() const noexcept { return changes_; }
  std::uint64_t unknown_features() const noexcept { return unknown_features_; }

 private:
  Result<void> take_front(std::string_view& lines);
  Result<RowBlock> parse(std::string_view lines);
  std::optional<RowError> append(std::string_view lines);
  void append_each(std::string_view lines);

  LineStream lines_;
  std::string name_;
  datasets::ReadOptions options_;
  std::uint32_t feature_count_;
  bool keeps_going_;
  bool at_front_ = true;  ///< nothing but comments has come
  std::uint64_t lines_before_ = 0;
  std::uint64_t rows_ = 0;
  datasets::ReadChanges changes_;
  std::uint64_t unknown_features_ = 0;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint64_t> label_ends_;
  std::vector<std::uint32_t> ids_;
  std::vector<std::uint32_t> label_ids_;
  std::vector<float> values_;
  std::vector<RowError> errors_;
};

}  // namespace glissade::apps
