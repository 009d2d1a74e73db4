#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "datasets/atomic_file.h"

namespace glissade::datasets {

/// Text to a file that appears whole or not at all (see AtomicFile), compressed while it is written: Zstandard when the path ends
/// in .zst, gzip when it ends in .gz, plain otherwise. Movable.
class TextSink {
 public:
  static Result<TextSink> create(const std::string& path);

  ~TextSink();
  TextSink(TextSink&&) noexcept;
  TextSink& operator=(TextSink&&) = delete;

  Result<void> write(std::string_view text);
  Result<void> commit();

  /// On disk so far; final after commit().
  std::uint64_t file_bytes() const noexcept;

 private:
  class Encoder;
  class ZstdEncoder;
  class GzipEncoder;
  TextSink(AtomicFile file, std::unique_ptr<Encoder> encoder);

  AtomicFile file_;
  std::unique_ptr<Encoder> encoder_;  ///< null: plain
};

}  // namespace glissade::datasets
