#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/input/row_feed.h"
#include "apps/input/sequence_options.h"
#include "datasets/sequences.h"

namespace glissade::apps {

/// Sequences as rows to predict from, one per line, as they come. An empty line is a sequence without items.
class SequenceRows {
 public:
  /// `names` are the model's items; they must outlive this.
  SequenceRows(const std::vector<std::string>& names, const SequenceNotes& notes);

  /// The rows of whole lines, with users where lines begin with a key. They stay valid until the next call.
  RowBlock rows(std::string_view lines);

  /// The items of the same rows, in their order; unknown ones are as many as there are names. Valid as long.
  SparseRows seen() const noexcept { return {seen_offsets_, seen_, {}}; }

  // Of all rows so far.
  std::uint64_t read() const noexcept { return read_; }
  std::uint64_t items() const noexcept { return items_read_; }
  std::uint64_t unknown() const noexcept { return unknown_; }

 private:
  datasets::WordTable known_;
  SequenceNotes notes_;
  std::uint64_t read_ = 0;
  std::uint64_t items_read_ = 0;
  std::uint64_t unknown_ = 0;
  std::vector<std::uint32_t> items_;
  std::vector<std::uint32_t> seen_;
  std::vector<std::uint64_t> seen_offsets_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> values_;
  std::vector<std::string> users_;
};

}  // namespace glissade::apps
