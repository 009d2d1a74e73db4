#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "datasets/unpacked.h"

struct archive;
struct archive_entry;

namespace glissade::datasets {

/// libarchive over bytes that lie in memory: the files in them, one after the other. Only the formats that are named here are
/// ever tried, so that no other program is started and nothing is guessed. Errors are one line. Movable; for one thread.
class ArchiveReader {
 public:
  enum class Kind { bzip2, xz, zip, tar };  ///< the first two hold one file without a name
  static std::string_view name_of(Kind kind) noexcept;

  /// `bytes` and `path`, which is for messages, must outlive the reader.
  static Result<ArchiveReader> open(std::string_view bytes, Kind kind, const std::string& path);

  /// Goes to the next file, folder or link; false at the end.
  Result<bool> next();

  // What next() went to.
  std::string name() const;       ///< UTF-8 where the archive says so, else its bytes; a leading "./" is left out
  bool is_file() const noexcept;  ///< and no folder or link
  std::string link() const;       ///< what a link leads to; "" for anything else
  bool encrypted() const noexcept;
  const std::string& doubt() const noexcept { return doubt_; }  ///< two places of the archive disagree on it: why; else ""

  /// Unpacks it. Fails on damage, and where it would not fit in the available memory.
  Result<void> read(Unpacked& output);

  /// How many bytes of the input were needed so far.
  std::size_t consumed() const noexcept;

 private:
  struct Closer {
    void operator()(archive* handle) const noexcept;
  };
  ArchiveReader(std::string_view bytes, Kind kind, const std::string& path);
  /// For what the library last complained of.
  Error complaint() const;
  Result<void> claim_room(Unpacked& output) const;

  std::string_view bytes_;
  Kind kind_;
  const std::string* path_;
  std::unique_ptr<archive, Closer> handle_;
  archive_entry* entry_ = nullptr;
  std::string doubt_;
};

}  // namespace glissade::datasets
