#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace glissade::datasets {

/// Removes files in the folder of `path` that a writer has left which was killed: those whose name is that of a temporary file of
/// this class or of a model file's writer, for a target that `is_target` (given its name without the folder) agrees to, and that
/// no process has open for writing any more.
void remove_abandoned(const std::string& path, const std::function<bool(const std::string& name)>& is_target);

/// A file that appears whole or not at all: written under a temporary name in the same folder, synced, then renamed over `path`.
/// Without commit() the temporary file is removed and an existing file at `path` stays as it was. Several processes may write the
/// same path: the last rename wins. What killed ones have left is removed. Movable.
class AtomicFile {
 public:
  /// "-" is standard output, which is written as it comes.
  static Result<AtomicFile> create(const std::string& path);

  ~AtomicFile() { discard(); }
  AtomicFile(AtomicFile&& other) noexcept
      : path_(std::move(other.path_)),
        temporary_(std::exchange(other.temporary_, {})),
        descriptor_(std::exchange(other.descriptor_, -1)),
        bytes_(other.bytes_) {}
  AtomicFile& operator=(AtomicFile&&) = delete;

  Result<void> write(std::string_view bytes);
  /// Writes over bytes that are written already, from the first on: a header that is known last. Not for standard output.
  Result<void> overwrite_begin(std::string_view bytes);
  Result<void> commit();

  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  AtomicFile(std::string path, std::string temporary, int descriptor) noexcept
      : path_(std::move(path)), temporary_(std::move(temporary)), descriptor_(descriptor) {}
  void discard() noexcept;
  Error failure(int error_number) const;

  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
};

}  // namespace glissade::datasets
