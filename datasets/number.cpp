#include "datasets/number.h"

#include <fast_float/fast_float.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <system_error>

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

}  // namespace

ValueStatus parse_value_slowly(const char*& p, const char* limit, float& value) noexcept {
  const char* begin = p;
  const bool negative = begin < limit && *begin == '-';
  if (begin < limit && (*begin == '-' || *begin == '+')) ++begin;
  if (begin < limit && (*begin == '-' || *begin == '+')) return ValueStatus::malformed;
  if (names_no_number({begin, limit})) return ValueStatus::not_finite;
  float magnitude = 0;
  // What is beyond a float's range becomes infinity, or zero if it is tiny; newer versions say so in the status as well.
  const auto [stop, status] = fast_float::from_chars(begin, limit, magnitude);
  if (status == std::errc::invalid_argument || (stop < limit && !ends_value(*stop))) return ValueStatus::malformed;
  if (!std::isfinite(magnitude)) return ValueStatus::too_large;
  value = negative ? -magnitude : magnitude;
  p = stop;
  return ValueStatus::good;
}

}  // namespace glissade::datasets
