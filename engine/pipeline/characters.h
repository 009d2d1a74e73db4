#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace glissade {

enum class CharacterKind : std::uint8_t {
  separator,
  letter,  ///< part of a word; also digits and marks
  suffix,  ///< part of the word that it stands behind
  dense,   ///< of a script that writes no spaces
};

/// A character as words have it.
struct FoldedCharacter {
  CharacterKind kind = CharacterKind::separator;
  std::uint8_t size = 0;        ///< 0: it leaves no trace (an accent)
  std::array<char, 6> bytes{};  ///< UTF-8

  std::string_view text() const noexcept { return {bytes.data(), size}; }
};

/// What characters are to words, in Unicode (utf8proc). Tables of 128 KiB, made once per process. Thread-safe.
class Characters {
 public:
  /// `accents`: letters keep theirs.
  static const Characters& with(bool accents);

  const FoldedCharacter& ascii(char byte) const noexcept { return table_[static_cast<unsigned char>(byte)]; }
  /// The character that `text` begins with, which must not be empty, and its length in bytes. Invalid UTF-8: a separator of one
  /// byte.
  FoldedCharacter first(std::string_view text, std::size_t& length) const noexcept;

 private:
  static constexpr std::int32_t kTable = 0x2000;  ///< alphabets; what is beyond is looked up each time
  explicit Characters(bool accents);
  FoldedCharacter fold(std::int32_t code) const noexcept;

  bool accents_;
  std::array<FoldedCharacter, kTable> table_;
};

}  // namespace glissade
