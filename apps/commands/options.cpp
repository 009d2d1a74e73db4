#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <glissade/options.h>

#include "apps/commands/command.h"
#include "apps/console/output.h"

namespace glissade::apps {
namespace {

constexpr const char* kOwnGroup = "Options";  // CLI11's name for what has no group of its own

/// Text as it stands in a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string capitalised(std::string_view text) {
  std::string out(text);
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
  return out;
}

/// The options of a configuration, a table for each group.
std::string configuration_text() {
  std::string text;
  std::string_view group;
  for (const Option& option : options()) {
    if (option.group != group) {
      group = option.group;
      text += fmt::format("\n### {}\n| option | default | range | effect |\n|---|---|---|---|\n", capitalised(group));
    }
    const std::string unit = option.unit.empty() ? "" : fmt::format(" {}", option.unit);
    const std::string former = option.former.empty() ? "" : fmt::format(" Former name: `--{}`.", option.former);
    text += fmt::format("| `--{}` | {}{} | {} | {}{} |\n", option.name, cell(option.get(Config{})), unit, cell(option.range),
                        cell(option.effect), former);
  }
  return text;
}

std::string changes(std::span<const Preset::Change> all) {
  std::vector<std::string> texts;
  for (const auto& [option, text] : all) texts.push_back(fmt::format("`{} {}`", option, text));
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// What each preset sets otherwise than the defaults.
std::string presets_text() {
  std::string text = "| preset | for | differs from the defaults in |\n|---|---|---|\n";
  for (const Preset& preset : presets()) {
    const Config config = preset.make();
    std::vector<std::string> changed;
    for (const Option& option : options()) {
      const std::string value = option.get(config);
      if (value != option.get(Config{})) changed.push_back(fmt::format("`{} {}`", option.name, cell(value)));
    }
    const std::string list = changed.empty() ? "nothing" : fmt::format("{}", fmt::join(changed, ", "));
    text += fmt::format("| `{}` | {} | {} |\n", preset.name, cell(preset.effect), list);
  }
  text += "\n`--effort` changes these presets:\n\n| preset | quick | best |\n|---|---|---|\n";
  for (const Preset& preset : presets()) {
    if (preset.has_efforts())
      text += fmt::format("| `{}` | {} | {} |\n", preset.name, changes(preset.quick), changes(preset.best));
  }
  return text;
}

bool is_of_configuration(const CLI::Option& option) {
  const auto all = options();
  return std::any_of(all.begin(), all.end(), [&](const Option& known) { return option.check_lname(std::string(known.name)); });
}

/// The options of one command that belong to `group`, one row each.
std::string rows_of(const CLI::App& command, const std::string& group, bool with_shared) {
  std::string text;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group() != group || option->check_lname("help")) continue;
    // 'threads' and its like stand in the configuration's tables where a command takes that whole.
    if (!with_shared && is_of_configuration(*option)) continue;
    const bool positional = option->get_positional();
    std::string name = positional ? option->get_name(true) : option->get_name();
    if (!positional && option->get_type_size() != 0 && !option->get_type_name().empty())
      name += fmt::format(" {}", option->get_type_name());
    text += fmt::format("| `{}` | {} |\n", cell(name), cell(option->get_description()));
  }
  return text;
}

/// Groups that several commands have, in order of their first appearance, with the commands.
std::vector<std::pair<std::string, std::vector<const CLI::App*>>> shared_groups(const std::vector<const CLI::App*>& commands) {
  std::vector<std::pair<std::string, std::vector<const CLI::App*>>> groups;
  for (const CLI::App* command : commands) {
    for (const CLI::Option* option : command->get_options()) {
      const std::string group = option->get_group();
      if (group.empty() || group == kOwnGroup || is_of_configuration(*option)) continue;
      auto known = std::find_if(groups.begin(), groups.end(), [&](const auto& entry) { return entry.first == group; });
      if (known == groups.end()) known = groups.insert(groups.end(), {group, {}});
      if (known->second.empty() || known->second.back() != command) known->second.push_back(command);
    }
  }
  return groups;
}

std::string commands_text(const std::vector<const CLI::App*>& commands) {
  std::string text;
  for (const CLI::App* command : commands) {
    text += fmt::format("\n### glissade {}\n{}.\n", command->get_name(), command->get_description());
    const std::string rows = rows_of(*command, kOwnGroup, true);
    if (!rows.empty()) text += fmt::format("\n| option | effect |\n|---|---|\n{}", rows);
  }
  for (const auto& [group, users] : shared_groups(commands)) {
    std::vector<std::string> names;
    names.reserve(users.size());
    for (const CLI::App* user : users) names.push_back(fmt::format("`{}`", user->get_name()));
    text += fmt::format("\n### {}\nFor {}.\n\n| option | effect |\n|---|---|\n{}", group, fmt::join(names, ", "),
                        rows_of(*users.front(), group, false));
  }
  return text;
}

/// The manual of all options, from the tables that the parser itself is made from.
class Options : public Command {
 public:
  const char* name() const noexcept override { return "options"; }
  const char* summary() const noexcept override { return "Print the manual of all options and presets, as Markdown"; }

  void add_options(CLI::App& parser) override { parser_ = &parser; }

  Result<int> run() override {
    const auto commands =
        static_cast<const CLI::App*>(parser_->get_parent())->get_subcommands([](const CLI::App*) { return true; });
    const std::string text = fmt::format(
        "# Options\n\n`glissade options` prints this page. `glissade COMMAND --help` prints the part of a command.\n\n"
        "## Configuration of a training\nFor `train` and `info --estimate`, and for config files (`--config FILE`), where a line "
        "is "
        "`name = value`.\n{}\n## Presets\nWithout `--preset`, `train` looks at the data, takes one of the first four and says "
        "why.\n\n{}"
        "\n## Commands\n{}",
        configuration_text(), presets_text(), commands_text(commands));
    if (auto written = put(text); !written) return written.error();
    return 0;
  }

 private:
  const CLI::App* parser_ = nullptr;
};

}  // namespace

std::unique_ptr<Command> make_options() { return std::make_unique<Options>(); }

}  // namespace glissade::apps
