#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/config.h>
#include <glissade/result.h>

namespace glissade {

/// One option given somewhere, with the place for messages ("" for the command line, or a caller).
struct Setting {
  std::string name;
  std::string text;
  std::string where;
};

/// A configuration and the names of the options that were given for it, by a preset, a file or one by one.
struct ResolvedConfig {
  Config config;
  std::vector<std::string> given;
  std::vector<std::string> named;   ///< of these, the ones that a file or a caller named, and not only a preset
  std::vector<std::string> chosen;  ///< of these, those without a place, and those with one that are not the default

  bool names(std::string_view option) const noexcept;
};

/// Sets options one after another; the later wins. Who names k or tables means them: then no table-budget that stood there before
/// chooses them. Usage error, with the place, for what set_option() refuses and for an option under its present and its former
/// name.
Result<void> apply_settings(std::span<const Setting> settings, ResolvedConfig& resolved);

}  // namespace glissade
