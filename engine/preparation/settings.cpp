#include <glissade/settings.h>

#include <algorithm>

#include <fmt/format.h>

#include <glissade/options.h>

namespace glissade {
namespace {

bool gives(std::span<const Setting> settings, std::string_view option) {
  return std::ranges::any_of(settings, [&](const Setting& setting) { return setting.name == option; });
}

Error at(const Setting& setting, const Error& error) {
  if (setting.where.empty()) return error;
  return {fmt::format("{}: {}", setting.where, error.message), error.kind};
}

/// A file may call an option by its present and its former name; the keys of a TOML table have no order in which one could win.
Result<void> check_once(std::span<const Setting> settings) {
  for (const Option& option : options()) {
    if (option.former.empty() || !gives(settings, option.name)) continue;
    const auto again = std::ranges::find(settings, option.former, &Setting::name);
    if (again == settings.end()) continue;
    return at(*again, usage_error(fmt::format("'{}' is the former name of '{}', which is there as well; give one of them",
                                              option.former, option.name)));
  }
  return {};
}

}  // namespace

bool ResolvedConfig::names(std::string_view option) const noexcept { return std::ranges::find(named, option) != named.end(); }

Result<void> apply_settings(std::span<const Setting> settings, ResolvedConfig& resolved) {
  if (auto once = check_once(settings); !once) return once;
  // A preset or a file may leave the tables to tune_tables(); who names them later means them.
  const bool tables = gives(settings, "k") || gives(settings, "tables");
  if (tables && !gives(settings, "table-budget")) resolved.config.hash_tables.budget = 0;
  for (const Setting& setting : settings) {
    if (const auto done = set_option(resolved.config, setting.name, setting.text); !done) return at(setting, done.error());
    resolved.given.push_back(setting.name);
    resolved.named.push_back(setting.name);
  }
  for (const Option& option : options()) {
    const auto given = std::ranges::find_if(settings, [&](const Setting& setting) { return option.is_called(setting.name); });
    if (given == settings.end()) continue;
    if (given->where.empty() || option.get(resolved.config) != option.get(Config{})) resolved.chosen.emplace_back(option.name);
  }
  return {};
}

}  // namespace glissade
