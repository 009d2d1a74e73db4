#include <glissade/autotune.h>

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <glissade/options.h>

namespace glissade {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// The presets by kind of data: each may stand in for another of them. The last two also say what features and labels are.
constexpr std::array<std::string_view, 3> kByText = {"few-rows", "long-text", "short-text"};
constexpr std::array<std::string_view, 5> kByData = {"few-rows", "long-text", "short-text", "items", "next-item"};
/// What a preset says of the data and not of the training: it stays as it is with another preset.
constexpr std::array<std::string_view, 2> kOfTheData = {"exclude-input", "sibling-rows"};

bool has(const auto& names, std::string_view name) { return std::ranges::find(names, name) != std::ranges::end(names); }

const Option& option(std::string_view name) {
  return *std::ranges::find_if(options(), [&](const Option& one) { return one.name == name; });
}

std::string text(double value) { return fmt::format("{:.6g}", value); }

class Space {
 public:
  Space(const Config& usual, const SearchScope& scope) : usual_(usual), scope_(scope) {}

  std::vector<Candidate> take() && { return std::move(candidates_); }

  void add_presets() {
    if (!has(kByData, scope_.preset)) return;
    for (const std::string_view name : kByText) {
      if (name == scope_.preset) continue;
      const auto config = preset(name);
      if (!config) continue;
      Settings kept;
      for (const std::string_view stays : kOfTheData) {
        if (has(scope_.fixed, stays)) continue;  // set over any preset
        const std::string is = option(stays).get(usual_);
        if (option(stays).get(*config) != is) kept.emplace_back(stays, is);
      }
      candidates_.push_back({std::string(name), std::move(kept)});
    }
  }

  /// Nothing is added where one of the options is given, or none of them changes.
  void add(Settings settings) {
    bool changes = false;
    for (const auto& [name, value] : settings) {
      if (has(scope_.fixed, name)) return;
      Config changed = usual_;
      if (!set_option(changed, name, value)) return;
      changes |= option(name).get(changed) != option(name).get(usual_);
    }
    if (changes) candidates_.push_back({"", std::move(settings)});
  }

  void add_multiple(std::string_view name, double value, double factor, double least, double most) {
    add({{std::string(name), text(std::clamp(value * factor, least, most))}});
  }
  void add_count(std::string_view name, std::uint32_t value, double factor, std::uint32_t least) {
    const double count = std::max<double>(least, static_cast<double>(value) * factor);
    add({{std::string(name), std::to_string(static_cast<std::uint32_t>(count))}});
  }

  const Config& usual() const noexcept { return usual_; }
  ValueKind values() const noexcept { return scope_.values; }

 private:
  const Config& usual_;
  const SearchScope& scope_;
  std::vector<Candidate> candidates_;
};

/// Rows of length 1 stay what they are when each is divided by its length.
void add_weightings(Space& space) {
  for (const std::string_view name : {"tf-idf", "unit", "given"}) {
    const bool same = space.values() == ValueKind::normalised && name == "unit";
    if (!same) space.add({{"weighting", std::string(name)}});
  }
  if (space.values() == ValueKind::real) space.add({{"weighting", "scaled"}});
}

/// Half way from what is to 1; and half of what is.
void add_dropouts(Space& space) {
  const Config::Training& training = space.usual().training;
  const auto more = [](double dropout) { return text(std::min(0.9, dropout + (1 - dropout) / 4)); };
  space.add({{"feature-dropout", more(training.feature_dropout)}, {"hidden-dropout", more(training.hidden_dropout)}});
  space.add({{"feature-dropout", text(training.feature_dropout / 2)}, {"hidden-dropout", text(training.hidden_dropout / 2)}});
}

void add_widths(Space& space, double factor) {
  std::vector<std::uint32_t> hidden = space.usual().network.hidden;
  for (std::uint32_t& width : hidden)
    width = std::max(16u, static_cast<std::uint32_t>(std::min(65536.0, static_cast<double>(width) * factor)));
  space.add({{"hidden", fmt::format("{}", fmt::join(hidden, ","))}});
}

void add_paths(Space& space, double factor) {
  const Config& usual = space.usual();
  if (usual.candidates.neighbours > 0) space.add_count("neighbours", usual.candidates.neighbours, factor, 10);
  if (usual.sparse_rows.fan_in > 0) space.add_count("fan-in", usual.sparse_rows.fan_in, factor, 16);
}

}  // namespace

std::vector<Candidate> candidates(const Config& usual, const SearchScope& scope) {
  Space space(usual, scope);
  space.add_presets();
  add_weightings(space);
  add_dropouts(space);
  space.add_count("epochs", usual.training.epochs, 2, 1);
  add_widths(space, 2);
  space.add_multiple("learning-rate", usual.optimizer.learning_rate, 0.5, 1e-6, 1);
  if (usual.sparse_rows.fan_in > 0) space.add_count("row-epochs", usual.sparse_rows.epochs, 2, 1);
  for (const char* loss : {"softmax", "decoupled", "bce"}) space.add({{"loss", loss}});
  space.add_multiple("learning-rate", usual.optimizer.learning_rate, 2, 1e-6, 1);
  add_paths(space, 2);
  space.add_count("epochs", usual.training.epochs, 0.5, 1);
  add_paths(space, 0.5);
  add_widths(space, 0.5);
  return std::move(space).take();
}

Candidate combined(const Candidate& one, const Candidate& other) {
  if (!one.preset.empty() && !other.preset.empty()) return {};
  Candidate both{one.preset.empty() ? other.preset : one.preset, one.settings};
  for (const auto& setting : other.settings) {
    if (std::ranges::any_of(one.settings, [&](const auto& has) { return has.first == setting.first; })) return {};
    both.settings.push_back(setting);
  }
  return both;
}

std::string command_line(const Candidate& candidate) {
  std::string line;
  if (!candidate.preset.empty()) line = "--preset " + candidate.preset;
  for (const auto& [name, value] : candidate.settings) line += fmt::format("{}--{} {}", line.empty() ? "" : " ", name, value);
  return line;
}

}  // namespace glissade
