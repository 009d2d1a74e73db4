#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "datasets/memory.h"
#include "datasets/spill_place.h"
#include "system/file_mapping.h"

namespace glissade::datasets {

/// A file's bytes, read-only: mapped when it is a regular file, read to its end into memory when it is a pipe or a device.
/// Movable. The file must not be truncated by somebody else while it is mapped (the system would answer an access with SIGBUS).
class MappedFile {
 public:
  /// "-" is standard input, read to its end. Fails on a missing or unreadable file and on a directory. An empty file is fine
  /// here.
  /// `place`: where a stream goes that is more than memory should hold.
  static Result<MappedFile> open(const std::string& path, const SpillPlace& place = {});

  std::string_view bytes() const noexcept { return is_mapped() ? mapping_.bytes() : std::string_view(copy_.data(), copied_); }

  /// Reads a part from disk, if it is the file's and not in memory yet. Returns when it is there.
  void fetch(std::string_view part) const noexcept;

  /// Gives the pages of a part up, if they are the file's: they come back from the system's cache when they are read again, but
  /// until then do not count as this process's memory.
  void leave(std::string_view part) const noexcept;

 private:
  MappedFile() = default;
  Result<void> read_stream(int descriptor, const std::string& path, const SpillPlace& place);

  bool is_mapped() const noexcept { return mapping_.bytes().data() != nullptr; }

  system::FileMapping mapping_;
  Memory copy_;  ///< of a stream
  std::size_t copied_ = 0;
};

}  // namespace glissade::datasets
