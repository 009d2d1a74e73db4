#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <glissade/config.h>
#include <glissade/options.h>
#include <glissade/result.h>
#include <glissade/settings.h>

#include "apps/config/config_file.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace glissade::apps {

/// Where a training configuration comes from: `--preset` with its `--effort`, then `--config FILE`, then single options; the
/// later wins. The parser's options are made from the engine's option table.
class ConfigSource {
 public:
  void add_options(CLI::App& parser);

  /// The configuration that was asked for, and the names of the options that were given by one of the three.
  using Resolved = ResolvedConfig;
  Result<Resolved> resolve() const { return resolve_from({}); }
  /// The same where `usual` is the preset that stands in for one that was not named.
  Result<Resolved> resolve_from(std::string_view usual) const;
  /// The same where `usual` stands in for the preset.
  Result<Resolved> resolve_over(const Config& usual) const;
  /// The options that the file and the command line give, in the order in which they count.
  Result<std::vector<Setting>> given_settings() const;
  /// From here on as if these had been given, before those on the command line.
  void stand_in(const std::string& preset, const std::vector<Setting>& settings);
  /// "" if none was named.
  const std::string& preset_name() const noexcept { return preset_; }
  /// Whether an effort other than the default was asked for.
  bool names_effort() const noexcept { return effort_ != "default"; }

  /// What a user should know before training with `config`, a line each: options that were chosen and have no effect there, and
  /// options that stand on the command line several times with different values.
  std::vector<std::string> warnings(const Resolved& asked, const Config& config, const DataFacts& data) const;

 private:
  Result<void> apply_given(Resolved& resolved) const;

  Result<Config> make_preset(std::string_view name) const;

  std::string preset_;
  std::string effort_ = "default";
  std::string file_;
  std::vector<Setting> command_line_;
  std::vector<const CLI::Option*> parsed_;
};

/// For resuming: usage error if an option that was given and is part of a model file differs from what the model was trained
/// with. Not of the epochs: more of them are a legal wish.
Result<void> check_same(const ConfigSource::Resolved& asked, const Config& stored, const std::string& model_path);

}  // namespace glissade::apps
