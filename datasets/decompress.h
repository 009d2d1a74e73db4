#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "datasets/mapped_file.h"
#include "datasets/memory.h"
#include "datasets/source.h"
#include "datasets/unpacked.h"

namespace glissade::datasets {

/// Text of a file: the mapped bytes themselves when it is plain, decompressed memory when it is gzip, Zstandard, bzip2, xz, zip
/// or tar (told by the first bytes). Several members or frames of one packed file are joined; of an archive, packed or not, its
/// only file or the one named is taken. Movable; text() stays valid while it lives.
class Text {
 public:
  /// Fails on corrupt or truncated compressed data, when the text would not fit in the available memory, and on UTF-16 or UTF-32.
  /// `place`: where text goes that is more than memory should hold.
  static Result<Text> from(Source source, const std::string& path, const SpillPlace& place = {});
  /// What open_source() opens.
  static Result<Text> open(const std::string& path, const SpillPlace& place = {});

  /// Without a byte-order mark.
  std::string_view text() const noexcept { return whole().substr(mark_); }
  /// Of UTF-8, at the start of the text.
  bool has_byte_order_mark() const noexcept { return mark_ > 0; }
  bool compressed() const noexcept { return compressed_; }

 private:
  explicit Text(MappedFile file) noexcept : file_(std::move(file)) {}

  void keep(Unpacked unpacked) noexcept;
  std::string_view whole() const noexcept { return compressed_ ? std::string_view(memory_.data(), size_) : file_.bytes(); }

  MappedFile file_;
  Memory memory_;
  std::size_t size_ = 0;
  std::size_t mark_ = 0;
  bool compressed_ = false;
};

}  // namespace glissade::datasets
