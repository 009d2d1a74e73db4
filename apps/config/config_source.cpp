#include "apps/config/config_source.h"

#include <algorithm>
#include <cctype>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <glissade/options.h>

namespace glissade::apps {
namespace {

std::string description(const Option& option) {
  std::string text(option.effect);
  if (!text.empty() && text.back() != '.') text += '.';
  text += fmt::format(" {}", option.range);
  if (!option.unit.empty()) text += fmt::format(" {}", option.unit);
  return text + fmt::format("; default {}.", option.get(Config{}));
}

std::string group_title(std::string_view group) {
  std::string title(group);
  if (!title.empty()) title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  return title;
}

std::string preset_list() {
  std::string text = "Presets:\n";
  for (const Preset& preset : presets()) text += fmt::format("  {:<14}{}\n", preset.name, preset.effect);
  return text;
}

Result<void> apply(const std::vector<Setting>& settings, ConfigSource::Resolved& resolved) {
  for (const Setting& setting : settings) {
    if (const auto done = set_option(resolved.config, setting.name, setting.text); !done) {
      if (setting.where.empty()) return done.error();
      return Error{fmt::format("{}: {}", setting.where, done.error().message), done.error().kind};
    }
    resolved.given.push_back(setting.name);
    resolved.named.push_back(setting.name);
    // A preset may leave the tables to tune_tables(); who names them means them.
    if (setting.name == "k" || setting.name == "tables") resolved.config.table_budget = 0;
  }
  return {};
}

}  // namespace

bool ConfigSource::Resolved::names(std::string_view option) const noexcept {
  return std::ranges::find(named, option) != named.end();
}

void ConfigSource::add_options(CLI::App& parser) {
  const std::string group = "Configuration (a preset, then a file, then single options; the later wins)";
  parser
      .add_option("--preset", preset_,
                  "Start from a named set of options, listed below. Without it the data decide, and the choice is told.")
      ->type_name("NAME")
      ->group(group)
      ->take_last();
  parser
      .add_option("--config", file_,
                  "TOML file with lines such as 'learning-rate = 0.002'; its keys are the names of the options below.")
      ->type_name("FILE")
      ->group(group)
      ->take_last();
  parser.footer(preset_list());
  for (const Option& option : options()) {
    const std::string name(option.name);
    const auto take = [this, name](const std::string& text) { command_line_.push_back({name, text, ""}); };
    const std::string names = option.former.empty() ? "--" + name : fmt::format("--{},--{}", name, option.former);
    parser.add_option_function<std::string>(names, take, description(option))
        ->type_name("VALUE")
        ->group(group_title(option.group))
        ->take_last();
  }
}

Result<ConfigSource::Resolved> ConfigSource::resolve_from(std::string_view usual) const {
  Config config;
  if (preset_.empty() && !usual.empty()) {
    auto found = preset(usual);
    if (!found) return found.error();
    config = std::move(*found);
  }
  return resolve_over(config);
}

Result<ConfigSource::Resolved> ConfigSource::resolve_over(const Config& usual) const {
  Resolved resolved;
  resolved.config = usual;
  if (!preset_.empty()) {
    auto config = preset(preset_);
    if (!config) return config.error();
    resolved.config = std::move(*config);
    for (const Option& option : options()) resolved.given.emplace_back(option.name);
  }
  if (auto done = apply_given(resolved); !done) return done.error();
  return resolved;
}

/// The file's options, then those of the command line.
Result<void> ConfigSource::apply_given(Resolved& resolved) const {
  if (!file_.empty()) {
    const auto settings = read_config_file(file_);
    if (!settings) return settings.error();
    if (auto done = apply(*settings, resolved); !done) return done;
  }
  return apply(command_line_, resolved);
}

Result<void> check_same(const ConfigSource::Resolved& asked, const Config& stored, const std::string& model_path) {
  for (const Option& option : options()) {
    const bool given = std::ranges::any_of(asked.given, [&](const std::string& name) { return option.is_called(name); });
    if (!given || !option.stored || option.name == "epochs") continue;
    const std::string wanted = option.get(asked.config);
    const std::string has = option.get(stored);
    if (wanted == has) continue;
    return usage_error(fmt::format(
        "--resume: '{}' was trained with {} = {}, not {}; leave the option out, or train a new model without --resume",
        model_path, option.name, has, wanted));
  }
  return {};
}

}  // namespace glissade::apps
