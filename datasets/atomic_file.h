#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "system/temporary_file.h"

namespace glissade::datasets {

/// A file that appears whole or not at all: written under a temporary name in the same folder, synced, then renamed over `path`.
/// Without commit() the temporary file is removed and an existing file at `path` stays as it was. Several processes may write the
/// same path: the last rename wins. What killed ones have left is removed. Movable.
class AtomicFile {
 public:
  /// "-" is standard output, which is written as it comes.
  static Result<AtomicFile> create(const std::string& path);

  Result<void> write(std::string_view bytes);
  /// Writes over bytes that are written already, from the first on: a header that is known last. Not for standard output.
  Result<void> overwrite_begin(std::string_view bytes);
  Result<void> commit();

  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  explicit AtomicFile(std::string path) : path_(std::move(path)) {}
  Error failure(int error_number) const;
  int write_out(std::string_view bytes) const noexcept;

  std::string path_;
  system::TemporaryFile file_;
  system::Descriptor output_;  ///< standard output, where that is written
  std::uint64_t bytes_ = 0;
};

}  // namespace glissade::datasets
