#include "apps/config/config_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <glissade/options.h>

#include "apps/config/choice.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

constexpr auto kEfforts =
    std::to_array<Choice<Effort>>({{"quick", Effort::quick}, {"default", Effort::usual}, {"best", Effort::best}});

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

}  // namespace

void ConfigSource::add_options(CLI::App& parser) {
  const std::string group = "Configuration (a preset, then a file, then single options; the later wins)";
  parser
      .add_option(
          "--preset", preset_,
          "Start from a named set of options, listed below. Without it the data decide, and a line says which one and why.")
      ->type_name("NAME")
      ->group(group);
  parser
      .add_option(
          "--effort", effort_,
          "What the preset, named or chosen by the data, may cost: quick (a first model, in a half to a third of the time), "
          "default, or best (the last tenths of a point, in about twice the time).")
      ->type_name("EFFORT")
      ->group(group)
      ->capture_default_str();
  parser
      .add_option("--config", file_,
                  "TOML file with lines such as 'learning-rate = 0.002'; its keys are the names of the options below.")
      ->type_name("FILE")
      ->group(group);
  parser.footer(preset_list());
  for (const Option& option : options()) {
    const std::string name(option.name);
    const auto take = [this, name](const std::string& text) { command_line_.push_back({name, text, ""}); };
    const std::string names = option.former.empty() ? "--" + name : fmt::format("--{},--{}", name, option.former);
    parsed_.push_back(parser.add_option_function<std::string>(names, take, description(option))
                          ->type_name("VALUE")
                          ->group(group_title(option.group))
                          ->take_last());
  }
}

Result<Config> ConfigSource::make_preset(std::string_view name) const {
  const auto effort = choose("--effort", effort_, kEfforts);
  if (!effort) return effort.error();
  return preset(name, *effort);
}

Result<ConfigSource::Resolved> ConfigSource::resolve_from(std::string_view usual) const {
  Config config;
  if (preset_.empty() && !usual.empty()) {
    auto found = make_preset(usual);
    if (!found) return found.error();
    config = std::move(*found);
  }
  return resolve_over(config);
}

Result<ConfigSource::Resolved> ConfigSource::resolve_over(const Config& usual) const {
  if (const auto effort = choose("--effort", effort_, kEfforts); !effort) return effort.error();
  Resolved resolved;
  resolved.config = usual;
  if (!preset_.empty()) {
    auto config = make_preset(preset_);
    if (!config) return config.error();
    resolved.config = std::move(*config);
    for (const Option& option : options()) resolved.given.emplace_back(option.name);
  }
  if (auto done = apply_given(resolved); !done) return done.error();
  return resolved;
}

Result<std::vector<Setting>> ConfigSource::given_settings() const {
  std::vector<Setting> settings;
  if (!file_.empty()) {
    auto read = read_config_file(file_);
    if (!read) return read;
    settings = std::move(*read);
  }
  settings.insert(settings.end(), command_line_.begin(), command_line_.end());
  return settings;
}

void ConfigSource::stand_in(const std::string& preset, const std::vector<Setting>& settings) {
  preset_ = preset;
  command_line_.insert(command_line_.begin(), settings.begin(), settings.end());
}

/// The file's options, then those of the command line.
Result<void> ConfigSource::apply_given(Resolved& resolved) const {
  if (!file_.empty()) {
    const auto settings = read_config_file(file_);
    if (!settings) return settings.error();
    if (auto done = apply_settings(*settings, resolved); !done) return done;
  }
  return apply_settings(command_line_, resolved);
}

std::vector<std::string> ConfigSource::warnings(const Resolved& asked, const Config& config, const DataFacts& data) const {
  std::vector<std::string> lines;
  for (const CLI::Option* option : parsed_) {
    const auto& values = option->results();
    if (std::ranges::adjacent_find(values, std::ranges::not_equal_to()) == values.end()) continue;
    lines.push_back(fmt::format("{} is given {} times; the last counts, {}", option->get_name(), values.size(),
                                datasets::quoted(values.back())));
  }
  const std::vector<std::string_view> chosen(asked.chosen.begin(), asked.chosen.end());
  for (const IdleOption& idle : idle_options(config, data, chosen)) {
    lines.push_back(fmt::format("option '{}' has no effect{}: {}{}", idle.name, idle.searched ? " on training" : "", idle.reason,
                                idle.searched ? "; searches by hash tables (--search tables) use it" : ""));
  }
  return lines;
}

Result<void> check_same(const ConfigSource::Resolved& asked, const Config& stored, const std::string& model_path) {
  for (const Option& option : options()) {
    const bool given = std::ranges::any_of(asked.given, [&](const std::string& name) { return option.is_called(name); });
    if (!given || !option.stored || option.name == "epochs") continue;
    const std::string wanted = option.get(asked.config);
    const std::string has = option.get(stored);
    if (wanted == has || (option.name == "weighting" && wanted == "automatic")) continue;  // the data had chosen
    return usage_error(fmt::format(
        "--resume: '{}' was trained with {} = {}, not {}; leave the option out, or train a new model without --resume",
        model_path, option.name, has, wanted));
  }
  return {};
}

}  // namespace glissade::apps
