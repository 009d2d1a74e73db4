#include "engine/batches/fold_case.h"

namespace glissade {
namespace {

/// Of a character of two bytes in UTF-8, U+0080 .. U+07FF.
unsigned folded(unsigned c) noexcept {
  const auto in = [c](unsigned first, unsigned last) { return c >= first && c <= last; };
  if (in(0xc0, 0xde) && c != 0xd7) return c + 0x20;                // Latin-1; 0xd7 is the times sign
  if (in(0x100, 0x137) && c != 0x130 && c != 0x131) return c | 1;  // Latin Extended-A: pairs, even first
  if (in(0x14a, 0x177)) return c | 1;
  if ((in(0x139, 0x148) || in(0x179, 0x17e)) && c % 2 == 1) return c + 1;  // pairs, odd first
  if (c == 0x178) return 0xff;
  if (c == 0x386) return 0x3ac;  // Greek with accents
  if (in(0x388, 0x38a)) return c + 0x25;
  if (c == 0x38c) return 0x3cc;
  if (c == 0x38e || c == 0x38f) return c + 0x3f;
  if (in(0x391, 0x3ab) && c != 0x3a2) return c + 0x20;
  if (in(0x400, 0x40f)) return c + 0x50;  // Cyrillic
  if (in(0x410, 0x42f)) return c + 0x20;
  if (in(0x460, 0x480) || in(0x48a, 0x4bf) || in(0x4d0, 0x52f)) return c | 1;
  return c;
}

}  // namespace

std::string fold_case(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto first = static_cast<unsigned char>(out[i]);
    if (first >= 'A' && first <= 'Z') out[i] = static_cast<char>(first + ('a' - 'A'));
    if (first < 0xc2 || first > 0xdf || i + 1 == out.size()) continue;
    const auto second = static_cast<unsigned char>(out[i + 1]);
    if ((second & 0xc0u) != 0x80u) continue;
    const unsigned c = folded((first & 0x1fu) << 6 | (second & 0x3fu));
    out[i] = static_cast<char>(0xc0u | c >> 6);
    out[++i] = static_cast<char>(0x80u | (c & 0x3fu));
  }
  return out;
}

}  // namespace glissade
