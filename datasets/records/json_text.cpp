#include "datasets/records/json_text.h"

#include <algorithm>
#include <cstdint>

namespace glissade::datasets {
namespace {

constexpr std::uint32_t kNoDigits = UINT32_MAX;
constexpr std::uint32_t kReplacement = 0xfffd;

/// Four hexadecimal digits.
std::uint32_t code_unit(std::string_view text) noexcept {
  if (text.size() < 4) return kNoDigits;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<std::uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
    } else {
      return kNoDigits;
    }
  }
  return value;
}

char* put_utf8(char* to, std::uint32_t code) noexcept {
  const auto put = [&to](std::uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
  return to;
}

char plain_escape(char c) noexcept {
  constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
  const std::size_t at = kFrom.find(c);
  return at == std::string_view::npos ? '\0' : kTo[at];
}

bool is_high(std::uint32_t unit) noexcept { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(std::uint32_t unit) noexcept { return unit >= 0xdc00 && unit < 0xe000; }

/// \uXXXX, and the second half of a pair. `text` begins behind the 'u'; what was read is taken off.
std::uint32_t code_point(std::string_view& text, bool& replaced) noexcept {
  const std::uint32_t unit = code_unit(text);
  if (unit == kNoDigits) return kNoDigits;
  text.remove_prefix(4);
  if (is_high(unit) && text.starts_with("\\u")) {
    const std::uint32_t low = code_unit(text.substr(2));
    if (is_low(low)) {
      text.remove_prefix(6);
      return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
  }
  if (!is_high(unit) && !is_low(unit)) return unit;
  replaced = true;
  return kReplacement;
}

/// `raw`: what stands between the quotes.
bool unescape(std::string_view raw, TextMemory& memory, JsonString& string) {
  char* const begin = memory.take(raw.size());
  char* to = begin;
  while (!raw.empty()) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    to = std::copy_n(raw.data(), plain, to);
    raw.remove_prefix(plain);
    if (raw.empty()) break;
    const char kind = raw[1];  // a backslash is never the last byte: it would have made the quote part of the string
    raw.remove_prefix(2);
    if (kind == 'u') {
      const std::uint32_t code = code_point(raw, string.replaced);
      if (code == kNoDigits) return false;
      to = put_utf8(to, code);
    } else if (const char c = plain_escape(kind); c != '\0') {
      *to++ = c;
    } else {
      return false;
    }
  }
  string.text = {begin, static_cast<std::size_t>(to - begin)};
  return true;
}

std::size_t leading_digits(std::string_view text) noexcept { return std::min(text.find_first_not_of("0123456789"), text.size()); }

}  // namespace

JsonString json_string(std::string_view raw, TextMemory& memory) {
  JsonString string;
  std::size_t end = raw.find('"');
  if (end == std::string_view::npos) return string;
  const std::size_t escape = raw.substr(0, end).find('\\');
  if (escape == std::string_view::npos) {
    string.text = raw.substr(0, end);
    string.good = true;
  } else {
    end = escape;
    while (end < raw.size() && raw[end] != '"') end += raw[end] == '\\' ? 2 : 1;
    if (end >= raw.size()) return string;
    string.escaped = true;
    string.good = unescape(raw.substr(0, end), memory, string);
  }
  string.end = raw.data() + end;
  return string;
}

bool is_json_number(std::string_view text) noexcept {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t whole = leading_digits(text);
  if (whole == 0 || (whole > 1 && text.front() == '0')) return false;
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    const std::size_t fraction = leading_digits(text.substr(1));
    if (fraction == 0) return false;
    text.remove_prefix(1 + fraction);
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const std::size_t power = leading_digits(text);
    if (power == 0) return false;
    text.remove_prefix(power);
  }
  return text.empty();
}

}  // namespace glissade::datasets
