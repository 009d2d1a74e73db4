#include "apps/config/config_text.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include <glissade/options.h>

namespace glissade::apps {
namespace {

template <class T>
bool is_whole_text(std::string_view text) {
  T value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size();
}

/// TOML's whole numbers have 63 bits; a larger seed goes in quotes.
bool is_number(std::string_view text) {
  const bool whole = text.find_first_not_of("0123456789") == std::string_view::npos;
  return whole ? is_whole_text<std::int64_t>(text) : is_whole_text<double>(text);
}

/// Numbers bare, several of them as a list, all else in quotes. No option's value has a quote or a backslash in it.
std::string toml_value(std::string_view text) {
  if (is_number(text)) return std::string(text);
  const bool list = text.find(',') != std::string_view::npos && text.find_first_not_of("0123456789,") == std::string_view::npos;
  return list ? fmt::format("[{}]", text) : fmt::format("\"{}\"", text);
}

}  // namespace

std::string config_text(const Config& config) {
  std::string text;
  for (const Option& option : options()) {
    if (option.stored) text += fmt::format("{} = {}\n", option.name, toml_value(option.get(config)));
  }
  return text;
}

}  // namespace glissade::apps
