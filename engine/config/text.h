#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace glissade::config {

/// How reading a number from text went.
enum class NumberStatus { ok, malformed, too_large };

/// Strict: the whole text is one finite number of T's kind. `out` is untouched on failure. Locale-free.
template <class T>
NumberStatus parse_number(std::string_view text, T& out) noexcept {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, value);
  if (stopped != end || text.empty() || code == std::errc::invalid_argument) return NumberStatus::malformed;
  if (code == std::errc::result_out_of_range) return NumberStatus::too_large;
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return NumberStatus::malformed;
  }
  out = value;
  return NumberStatus::ok;
}

/// The shortest text that parse_number reads back as exactly the same value.
template <class T>
std::string number_text(T value) {
  char buffer[32];
  const auto [end, code] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end};
}

template <class T>
struct Bounds {
  T low;
  T high;
};

/// Bounds from their text form "low .. high", the form that help and messages show; none if it is not of that form.
template <class T>
std::optional<Bounds<T>> parse_bounds(std::string_view range) noexcept {
  constexpr std::string_view kTo = " .. ";
  const std::size_t at = range.find(kTo);
  if (at == std::string_view::npos) return std::nullopt;
  Bounds<T> bounds{};
  if (parse_number(range.substr(0, at), bounds.low) != NumberStatus::ok) return std::nullopt;
  if (parse_number(range.substr(at + kTo.size()), bounds.high) != NumberStatus::ok) return std::nullopt;
  return bounds;
}

/// `text` in single quotes, fit for a one-line message: control bytes as \xNN, cut after 60 bytes.
std::string quoted(std::string_view text);

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// ", did you mean 'x'?" where a known name is near, else "; known: a, b, c".
std::string suggestion(std::string_view text, std::span<const std::string_view> known);

/// Without spaces, tabs and carriage returns at either end.
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace glissade::config
