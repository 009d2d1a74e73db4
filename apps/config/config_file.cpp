#include "apps/config/config_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "apps/console/output_file.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

constexpr std::size_t kMostWords = 200;  // characters of what the parser says, which quotes the file's bytes as they are

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "on" : "off";
  return std::nullopt;
}

/// A scalar, or an array of scalars joined by commas as on the command line.
std::optional<std::string> value_text(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return scalar_text(node);
  std::string joined;
  for (const toml::node& element : *array) {
    const auto text = scalar_text(element);
    if (!text) return std::nullopt;
    if (!joined.empty()) joined += ',';
    joined += *text;
  }
  return joined;
}

Result<std::vector<Setting>> settings_of(const toml::table& table, const std::string& path) {
  std::vector<Setting> settings;
  for (const auto& [key, node] : table) {
    std::string where = fmt::format("'{}':{}", path, node.source().begin.line);
    auto text = value_text(node);
    if (!text) {
      return usage_error(fmt::format("{}: '{}' is a {}; give a number, a text or a list of them", where,
                                     datasets::shown(key.str()),
                                     node.is_table() ? "table" : "value of a kind that no option takes"));
    }
    settings.push_back({std::string(key.str()), std::move(*text), std::move(where)});
  }
  return settings;
}

Error cannot_read(const std::string& path, int reason) {
  return runtime_error(fmt::format("cannot read the config file '{}': {}", path, std::strerror(reason)));
}

}  // namespace

Result<std::vector<Setting>> read_config_file(const std::string& path) {
  if (auto ok = check_file_name("--config", path); !ok) return ok.error();
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) return cannot_read(path, EISDIR);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (file) content << file.rdbuf();
  if (!file || file.bad() || content.bad()) return cannot_read(path, errno == 0 ? EIO : errno);
  try {
    return settings_of(toml::parse(content.str(), path), path);
  } catch (const toml::parse_error& error) {
    return usage_error(fmt::format("'{}':{}: {}; the file must be TOML in UTF-8, one 'option = value' per line", path,
                                   error.source().begin.line, datasets::shown(error.description(), kMostWords)));
  }
}

}  // namespace glissade::apps
