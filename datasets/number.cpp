#include "datasets/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

namespace glissade::datasets {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// A comment may follow a value without a blank.
bool ends_value(char c) noexcept { return c == '#' || ends_token(c); }

bool names_no_number(std::string_view token) noexcept {
  const auto starts = [token](std::string_view word) {
    return token.size() >= word.size() &&
           std::equal(word.begin(), word.end(), token.begin(), [](char w, char t) { return w == lower(t); });
  };
  return starts("nan") || starts("inf");
}

/// Whether a number that no float can hold is too small (below the least subnormal) and not too large: by the power of ten of its
/// first digit that is not zero. `token` is a well-formed decimal without sign.
bool is_tiny(std::string_view token) noexcept {
  const std::size_t mantissa_end = std::min(token.find_first_of("eE"), token.size());
  const std::string_view mantissa = token.substr(0, mantissa_end);
  const auto first = static_cast<std::ptrdiff_t>(mantissa.find_first_of("123456789"));
  const auto point = static_cast<std::ptrdiff_t>(std::min(mantissa.find('.'), mantissa.size()));
  const std::ptrdiff_t magnitude = first < point ? point - first - 1 : point - first;
  if (mantissa_end == token.size()) return magnitude < 0;
  std::string_view exponent = token.substr(mantissa_end + 1);
  const bool negative = exponent.starts_with('-');
  if (negative || exponent.starts_with('+')) exponent.remove_prefix(1);
  std::ptrdiff_t power = 0;
  // An exponent beyond this decides alone: no line is that long.
  constexpr std::ptrdiff_t kHuge = std::ptrdiff_t{1} << 60;
  if (std::from_chars(exponent.data(), exponent.data() + exponent.size(), power).ec != std::errc()) power = kHuge;
  power = std::min(power, kHuge);
  return magnitude + (negative ? -power : power) < 0;
}

}  // namespace

ValueStatus parse_value_slowly(const char*& p, const char* limit, float& value) noexcept {
  const char* const end = std::find_if(p, limit, ends_value);
  const char* begin = p;
  const bool negative = begin < end && *begin == '-';
  if (begin < end && (*begin == '-' || *begin == '+')) ++begin;
  if (begin < end && (*begin == '-' || *begin == '+')) return ValueStatus::malformed;
  if (names_no_number({begin, end})) return ValueStatus::not_finite;
  float magnitude = 0;
  const auto [stop, status] = std::from_chars(begin, end, magnitude);
  if (stop != end || begin == end || status == std::errc::invalid_argument) return ValueStatus::malformed;
  if (status == std::errc::result_out_of_range) {
    if (!is_tiny({begin, end})) return ValueStatus::too_large;
    magnitude = 0;
  }
  if (!std::isfinite(magnitude)) return ValueStatus::too_large;
  value = negative ? -magnitude : magnitude;
  p = end;
  return ValueStatus::good;
}

}  // namespace glissade::datasets
