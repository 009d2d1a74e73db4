#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "datasets/content_hash.h"
#include "system/file_mapping.h"

namespace glissade::datasets {

/// Records that are added to a file, one behind the other, and are durable once append() returns. They say what happened to
/// something that lies in a file of its own, such as a model, since that was written: a journal knows the content of that file
/// (its base) and gives no record twice to a file that has it already.
///
/// To write the other file anew: write it beside its place, tell its content to will_be_saved_as(), rename it, begin_anew().
/// After a crash between any two of these steps open() replays what the file that is in place lacks, and nothing else.
///
/// One process has it at a time, by a lock on the file. Not thread-safe. Movable.
class Journal {
 public:
  /// What open() found.
  struct Found {
    std::uint64_t replayed = 0;  ///< records
    std::uint64_t skipped = 0;   ///< records that the base has already
    std::uint64_t dropped = 0;   ///< bytes at the end that were no whole record: the process or the machine ended within append()
  };

  /// Opens the journal at `path` of what has the content `base`, or makes an empty one, and hands the records that the base lacks
  /// to `replay`, in their order. Fails where another process has it; where it belongs to another base; where a record that
  /// others follow is damaged; and with the error of `replay`. The file then stays as it was.
  static Result<Journal> open(const std::string& path, const Hash128& base,
                              const std::function<Result<void>(std::string_view record)>& replay, Found* found = nullptr);

  /// Fails, and adds nothing, where the device is full. Where the system cannot say what it has written, this and all later calls
  /// fail.
  Result<void> append(std::string_view record);
  /// All records so far are in what has the content `next`, should that come in the base's place.
  Result<void> will_be_saved_as(const Hash128& next);
  /// An empty journal of `base` in this one's place. Where that fails this one stays, and goes on.
  Result<void> begin_anew(const Hash128& base);

  std::uint64_t bytes() const noexcept { return end_; }

 private:
  Journal() = default;
  Result<void> add(std::uint32_t kind, std::string_view payload);
  Error failure(const char* doing, int error_number) const;

  std::string path_;
  system::Descriptor file_;
  Hash128 base_;
  std::uint64_t end_ = 0;       ///< of the last whole record
  std::uint64_t sequence_ = 0;  ///< of the next record
  bool broken_ = false;
};

}  // namespace glissade::datasets
