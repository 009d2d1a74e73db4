#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace glissade::apps {

/// Lays out `--help`: one option per paragraph, descriptions wrapped to the width of a terminal.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_option(const CLI::Option* option, bool is_positional) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;
};

/// Usage error about the first argument that `parser` did not expect, with the nearest option that it knows. Call it if there is
/// one.
std::string unexpected_argument(const CLI::App& parser);

/// Usage error about the first option that was given with an empty value, such as that of a shell variable that is not set; "" if
/// there is none.
std::string empty_value(const CLI::App& parser);

}  // namespace glissade::apps
