#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <glissade/result.h>

namespace glissade::apps {

/// A named value of an option, for options that are not part of Config.
template <class T>
struct Choice {
  std::string_view name;
  T value;
};

/// The value that `text` names. Usage error that lists the names otherwise.
template <class T, std::size_t N>
Result<T> choose(std::string_view option, std::string_view text, const std::array<Choice<T>, N>& choices) {
  std::array<std::string_view, N> names;
  for (std::size_t i = 0; i < N; ++i) {
    if (choices[i].name == text) return choices[i].value;
    names[i] = choices[i].name;
  }
  return usage_error(fmt::format("{} '{}' does not exist; choose one of {}", option, text, fmt::join(names, ", ")));
}

}  // namespace glissade::apps
