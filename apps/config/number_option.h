#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "datasets/message.h"

namespace glissade::apps {

/// The least and the largest number that an option takes.
template <class T>
struct Limits {
  T low = 0;
  T high = std::numeric_limits<T>::max();

  std::string text() const {
    return high == std::numeric_limits<T>::max() ? fmt::format("{} or more", low) : fmt::format("{} .. {}", low, high);
  }
};

/// Why `text` is no number within `limits`, as the end of a message; "" and `out` set if it is. As strict as the options of
/// Config: no blanks, no plus sign, no other base, nothing that is not finite. (CLI11 takes " 5", "0x10", "010" for 8, and
/// "nan".)
template <class T>  // unsigned or floating
std::string read_number(std::string_view text, Limits<T> limits, T& out) {
  const auto wrong = [&](const char* what) {
    return fmt::format("{} is {}; allowed: {}", datasets::quoted(std::string(text)), what, limits.text());
  };
  constexpr bool kWhole = std::is_integral_v<T>;
  static_assert(!std::is_signed_v<T> || !kWhole);
  // -1 is out of range and not malformed.
  const bool negative = kWhole && text.size() > 1 && text[0] == '-';
  T value{};
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + (negative ? 1 : 0), end, value);
  const bool finite = kWhole || std::isfinite(static_cast<double>(value));
  if (text.empty() || read.ptr != end || read.ec == std::errc::invalid_argument || !finite)
    return wrong(kWhole ? "not a whole number" : "not a finite number");
  if (negative || read.ec == std::errc::result_out_of_range || value < limits.low || value > limits.high)
    return wrong("out of range");
  out = value;
  return {};
}

/// Adds an option that takes one number within `limits` and puts it into `target`, which must outlive the parser.
template <class T>
CLI::Option* add_number(CLI::App& parser, const std::string& name, T& target, Limits<T> limits, const std::string& description) {
  const auto take = [&target, name, limits](const std::string& text) {
    const std::string wrong = read_number(text, limits, target);
    if (!wrong.empty()) throw CLI::ValidationError(name, wrong);
  };
  return parser.add_option_function<std::string>(name, take, description);
}

}  // namespace glissade::apps
