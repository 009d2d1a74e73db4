#include "engine/config/text.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <glissade/options.h>
#include <glissade/text.h>

#include "system/message.h"

namespace glissade {
namespace config {

std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  return system::quoted(text, kLongest);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Three rows of the dynamic program: the swap of neighbours looks two rows back.
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

std::string suggestion(std::string_view text, std::span<const std::string_view> known) {
  const std::string_view near = nearest_name(text, known);
  if (!near.empty()) return ", did you mean '" + std::string(near) + "'?";
  std::string out = "; known: ";
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (i > 0) out += ", ";
    out += known[i];
  }
  return out;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

}  // namespace config

std::string_view nearest_name(std::string_view text, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t best_distance = text.size() / 2 + 1;
  for (const std::string_view name : known) {
    const std::size_t distance = config::edit_distance(text, name);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string to_text(const Config& config) {
  std::string out;
  for (const Option& option : options()) {
    if (!option.stored) continue;
    out += option.name;
    out += " = ";
    out += option.get(config);
    out += '\n';
  }
  return out;
}

namespace {

const Option* find_stored(std::string_view name) noexcept {
  for (const Option& option : options()) {
    if (option.stored && option.is_called(name)) return &option;
  }
  return nullptr;
}

Error line_error(std::size_t line, const std::string& what) {
  return runtime_error("config line " + std::to_string(line) + ": " + what);
}

}  // namespace

// Options that the text does not name keep their defaults, so that a model file written before an option existed stays readable.
Result<Config> from_text(std::string_view text) {
  Config config;
  std::vector<const Option*> seen;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = config::trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;

    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return line_error(number, config::quoted(line) + " is not of the form 'name = value'");
    const std::string_view name = config::trimmed(line.substr(0, equals));
    const Option* option = find_stored(name);
    if (option == nullptr) {
      return line_error(number, "unknown option " + config::quoted(name) + "; it may come from a newer version of Glissade");
    }
    if (std::find(seen.begin(), seen.end(), option) != seen.end()) {
      return line_error(number, "option " + config::quoted(name) + " is set twice");
    }
    seen.push_back(option);
    if (auto set = option->set(config, config::trimmed(line.substr(equals + 1))); !set) {
      return line_error(number, set.error().message);
    }
  }
  return config;
}

}  // namespace glissade
