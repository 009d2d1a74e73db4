#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace glissade::datasets {

static_assert(std::endian::native == std::endian::little, "eight digits are read as one little-endian word");

/// Number parsing for the hot loop of the readers. Text must end in a byte that is not part of a number (the readers end each
/// chunk in a newline); `limit` is the end of the readable bytes, so that eight can be read at once where eight are left.

enum class ValueStatus { good, malformed, not_finite, too_large };

/// The general case behind parse_value: exponents, many digits, infinities. Reads the whole token up to white space or a
/// comment's '#'. Same contract.
ValueStatus parse_value_slowly(const char*& p, const char* limit, float& value) noexcept;

constexpr bool is_digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }

constexpr bool ends_token(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// How many of the eight bytes at p are leading digits, and their number.
struct Digits {
  unsigned count;
  std::uint32_t number;
};

inline Digits eight_digits(const char* p) noexcept {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  word ^= 0x3030303030303030ull;  // digits become 0..9
  // The high bit marks bytes above 9. A carry can only spoil bytes behind the first marked one.
  const std::uint64_t marks = ((word + 0x7676767676767676ull) | word) & 0x8080808080808080ull;
  const unsigned count = marks == 0 ? 8 : static_cast<unsigned>(std::countr_zero(marks)) >> 3;
  if (count == 0) return {0, 0};
  word <<= 64 - 8 * count;         // zeros before the digits instead of what followed them
  word = word * 10 + (word >> 8);  // pairs, in bytes 0, 2, 4, 6
  const std::uint64_t low = (word & 0x000000ff000000ffull) * (100 + (1000000ull << 32));
  const std::uint64_t high = ((word >> 16) & 0x000000ff000000ffull) * (1 + (10000ull << 32));
  return {count, static_cast<std::uint32_t>((low + high) >> 32)};
}

/// Reads decimal digits into `number`, which saturates at 2^64 - 1. Returns how many there were.
inline unsigned parse_digits(const char*& p, const char* limit, std::uint64_t& number) noexcept {
  if (limit - p >= 8) {
    const Digits digits = eight_digits(p);
    if (digits.count < 8) {
      p += digits.count;
      number = digits.number;
      return digits.count;
    }
  }
  unsigned count = 0;
  number = 0;
  for (; is_digit(*p); ++p, ++count) {
    const auto digit = static_cast<std::uint64_t>(*p - '0');
    number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
  }
  return count;
}

inline constexpr std::array<double, 17> kPowersOfTen = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                                        1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};

/// A decimal number into the nearest float (ties to even, exactly what strtof gives in the C locale); p ends behind it. A value
/// too small for a float becomes a subnormal or zero. When the status is not `good`, p stays.
///
/// Fast case: [-]ddd.ddd with at most 15 digits in all. Digits and power of ten are then exact doubles, so the quotient is
/// correctly rounded (Clinger 1990). Rounding it once more to float could go wrong only where the double lies midway between two
/// floats: those take the slow way.
inline ValueStatus parse_value(const char*& p, const char* limit, float& value) noexcept {
  const char* q = p;
  const bool negative = *q == '-';
  q += negative;
  std::uint64_t whole = 0;
  std::uint64_t number = 0;
  unsigned decimals = 0;
  unsigned digits = 0;
  if (is_digit(*q) && q[1] == '.') {
    whole = static_cast<std::uint64_t>(*q++ - '0');
    digits = 1;
  } else {
    digits = parse_digits(q, limit, whole);
  }
  number = whole;
  if (*q == '.') {
    ++q;
    std::uint64_t fraction = 0;
    decimals = parse_digits(q, limit, fraction);
    digits += decimals;
    if (digits > 15) return parse_value_slowly(p, limit, value);
    number = whole * static_cast<std::uint64_t>(static_cast<std::int64_t>(kPowersOfTen[decimals])) + fraction;
  }
  const char next = *q;
  if (digits - 1 >= 15 || !ends_token(next)) return parse_value_slowly(p, limit, value);
  const double quotient = static_cast<double>(static_cast<std::int64_t>(number)) / kPowersOfTen[decimals];
  if ((std::bit_cast<std::uint64_t>(quotient) & 0x1fffffffull) == 0x10000000ull) return parse_value_slowly(p, limit, value);
  const auto magnitude = static_cast<float>(quotient);
  value = negative ? -magnitude : magnitude;
  p = q;
  return ValueStatus::good;
}

}  // namespace glissade::datasets
