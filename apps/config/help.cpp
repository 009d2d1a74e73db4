#include "apps/config/help.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <glissade/text.h>

namespace glissade::apps {
namespace {

constexpr std::size_t kLeftColumn = 30;
constexpr std::size_t kWidth = 110;

/// `text` broken at spaces into lines of at most `width` characters.
std::string wrapped(const std::string& text, std::size_t width) {
  std::istringstream words(text);
  std::string out;
  std::size_t used = 0;
  for (std::string word; words >> word;) {
    if (used > 0 && used + 1 + word.size() > width) {
      out += '\n';
      used = 0;
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += word;
    used += word.size();
  }
  return out;
}

}  // namespace

HelpFormatter::HelpFormatter() { column_width(kLeftColumn); }

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  std::string left = "  " + make_option_name(option, is_positional);
  if (option->get_type_size() != 0 && !is_positional) left += " " + option->get_type_name();
  std::ostringstream out;
  CLI::detail::format_help(out, left.substr(2), wrapped(make_option_desc(option), kWidth - kLeftColumn), kLeftColumn);
  return out.str();
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
  const std::string path = app->get_parent() == nullptr ? app->get_name() : app->get_parent()->get_name() + " " + app->get_name();
  return Formatter::make_usage(app, name.empty() ? path : name);
}

std::string unexpected_argument(const CLI::App& parser) {
  const std::string argument = parser.remaining().front();
  const std::string command =
      parser.get_parent() == nullptr ? parser.get_name() : parser.get_parent()->get_name() + " " + parser.get_name();
  if (argument.rfind("--", 0) != 0) return fmt::format("'{}' is not expected here; see '{} --help'", argument, command);
  std::vector<std::string_view> known;
  for (const CLI::Option* option : parser.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back(name);
  }
  const std::string name = argument.substr(2, argument.find('=') - 2);
  const std::string_view meant = nearest_name(name, known);
  const std::string remedy = meant.empty() ? fmt::format("see '{} --help'", command) : fmt::format("did you mean '--{}'?", meant);
  return fmt::format("unknown option '--{}'; {}", name, remedy);
}

std::string empty_value(const CLI::App& parser) {
  for (const CLI::Option* option : parser.get_options()) {
    const bool has_to_have_one = !option->get_positional() && option->get_expected_min() > 0;
    const auto& values = option->results();
    if (has_to_have_one && std::ranges::find(values, std::string()) != values.end())
      return fmt::format("{}: its value is empty; give one, or leave the option out", option->get_name());
  }
  return {};
}

}  // namespace glissade::apps
