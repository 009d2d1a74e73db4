#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "datasets/mapped_file.h"
#include "datasets/memory.h"

namespace glissade::datasets {

/// Text of a file: the mapped bytes themselves when it is plain, decompressed memory when it is gzip, Zstandard or zip (told by
/// the first bytes; several members or frames in one file are joined, of a zip archive the first file is taken). Movable; text()
/// stays valid while it lives.
class Text {
 public:
  /// Fails on corrupt or truncated compressed data and when the text would not fit in the available memory.
  static Result<Text> from(MappedFile file, const std::string& path);

  std::string_view text() const noexcept { return compressed_ ? std::string_view(memory_.data(), size_) : file_.bytes(); }
  bool compressed() const noexcept { return compressed_; }

 private:
  explicit Text(MappedFile file) noexcept : file_(std::move(file)) {}

  MappedFile file_;
  Memory memory_;
  std::size_t size_ = 0;
  bool compressed_ = false;
};

}  // namespace glissade::datasets
