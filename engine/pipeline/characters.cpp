#include "engine/pipeline/characters.h"

#include <utf8proc.h>

#include <algorithm>

namespace glissade {
namespace {

struct Range {
  std::int32_t first, last;
};

bool within(std::int32_t code, const auto& ranges) noexcept {
  return std::ranges::any_of(ranges, [code](const Range& range) { return code >= range.first && code <= range.last; });
}

/// Scripts that write no spaces between words.
constexpr std::array kDense = {Range{0x0e00, 0x0eff}, Range{0x1000, 0x109f}, Range{0x1780, 0x17ff}, Range{0x3040, 0x30ff},
                               Range{0x3400, 0x4dbf}, Range{0x4e00, 0x9fff}, Range{0xf900, 0xfaff}, Range{0x20000, 0x3ffff}};
/// Where a combining mark is an accent and no vowel of its own: Latin, Greek and Cyrillic letters.
constexpr std::array kAccented = {Range{0x0080, 0x052f}, Range{0x1e00, 0x1fff}};
constexpr std::array kAccents = {Range{0x0300, 0x036f}, Range{0x1ab0, 0x1aff}, Range{0x1dc0, 0x1dff}};
/// Ligatures, letters in circles, full width.
constexpr std::array kCompatible = {Range{0x2100, 0x24ff}, Range{0xfb00, 0xfb06}, Range{0xff00, 0xff9f}};

bool is_letter(std::int32_t code) noexcept {
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return true;
    default: return false;
  }
}

bool append(FoldedCharacter& folded, std::int32_t code) noexcept {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = static_cast<std::size_t>(utf8proc_encode_char(code, bytes.data()));
  if (folded.size + size > folded.bytes.size()) return false;
  std::copy_n(bytes.begin(), size, folded.bytes.begin() + folded.size);
  folded.size = static_cast<std::uint8_t>(folded.size + size);
  return true;
}

/// The lower case of one character, as it is.
FoldedCharacter lowered(CharacterKind kind, std::int32_t code) noexcept {
  FoldedCharacter folded{kind, 0, {}};
  append(folded, utf8proc_tolower(code));
  return folded;
}

}  // namespace

FoldedCharacter Characters::fold(std::int32_t code) const noexcept {
  if (code == '+' || code == '#') return lowered(CharacterKind::suffix, code);
  if (!is_letter(code)) return {};
  if (within(code, kDense)) return lowered(CharacterKind::dense, code);
  if (within(code, kAccents))
    return accents_ ? lowered(CharacterKind::letter, code) : FoldedCharacter{CharacterKind::letter, 0, {}};
  const bool plain = within(code, kCompatible) || (!accents_ && within(code, kAccented));
  if (!plain) return lowered(CharacterKind::letter, code);
  std::array<utf8proc_int32_t, 16> parts{};
  int boundary = 0;
  const auto count = utf8proc_decompose_char(
      code, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()),
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK), &boundary);
  FoldedCharacter folded{CharacterKind::letter, 0, {}};
  bool fits = count > 0 && count <= static_cast<utf8proc_ssize_t>(parts.size());
  for (utf8proc_ssize_t i = 0; fits && i < count; ++i) {
    const std::int32_t part = parts[static_cast<std::size_t>(i)];
    if (!within(part, kAccents)) fits = append(folded, part);
  }
  return fits ? folded : lowered(CharacterKind::letter, code);
}

Characters::Characters(bool accents) : accents_(accents) {
  for (std::int32_t code = 0; code < kTable; ++code) table_[static_cast<std::size_t>(code)] = fold(code);
}

const Characters& Characters::with(bool accents) {
  static const Characters kept(true), plain(false);
  return accents ? kept : plain;
}

FoldedCharacter Characters::first(std::string_view text, std::size_t& length) const noexcept {
  if (static_cast<unsigned char>(text.front()) < 0x80) {
    length = 1;
    return ascii(text.front());
  }
  utf8proc_int32_t code = 0;
  const auto read =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (read < 1) {
    length = 1;
    return {};
  }
  length = static_cast<std::size_t>(read);
  return code < kTable ? table_[static_cast<std::size_t>(code)] : fold(code);
}

}  // namespace glissade
