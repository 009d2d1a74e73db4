#include "apps/answers/label_lists.h"

#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/decompress.h"
#include "datasets/message.h"
#include "datasets/sequences.h"

namespace glissade::apps {
namespace {

/// The labels that the lines of a file name.
struct ListedLabels {
  std::vector<std::uint32_t> labels;
  std::uint64_t lines = 0;
  std::uint64_t unknown = 0;
  std::string first_unknown;
};

std::optional<std::uint32_t> id_in(std::string_view line, std::uint32_t labels) {
  std::uint32_t id = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), id);
  if (error != std::errc() || end != line.data() + line.size() || id >= labels) return std::nullopt;
  return id;
}

Result<ListedLabels> read_labels(const std::string& path, const Model& model, bool ids) {
  const auto text = datasets::Text::open(path);
  if (!text) return text.error();
  datasets::WordTable lines;
  for (std::string_view rest = text->text(); !rest.empty();) {
    const std::size_t newline = rest.find('\n');
    std::string_view line = rest.substr(0, newline);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.add(line);
    rest.remove_prefix(newline == std::string_view::npos ? rest.size() : newline + 1);
  }
  ListedLabels out;
  out.lines = lines.size();
  std::vector<bool> known(lines.size(), false);
  const auto& names = model.label_names();
  for (std::uint32_t label = 0; label < names.size(); ++label) {
    const std::uint32_t line = lines.find(names[label]);
    if (line == lines.kNone) continue;
    out.labels.push_back(label);
    known[line] = true;
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (known[i]) continue;
    const auto id = ids || names.empty() ? id_in(lines.words()[i], model.shape().labels) : std::nullopt;
    if (id) {
      out.labels.push_back(*id);
    } else if (out.unknown++ == 0) {
      out.first_unknown = datasets::shown(lines.words()[i], 60);
    }
  }
  return out;
}

Result<ListedLabels> read_and_tell(const std::string& path, const Model& model, bool ids) {
  auto listed = read_labels(path, model, ids);
  if (listed && listed->unknown > 0)
    note(fmt::format("{}: {} of {} labels are unknown to the model and left out; the first is '{}'", datasets::quoted(path),
                     grouped(listed->unknown), grouped(listed->lines), listed->first_unknown));
  return listed;
}

}  // namespace

void LabelLists::add_options(CLI::App& parser, For command) {
  const std::string what = "Labels that alone may be answers, one a line: names where the model has names, else ids. ";
  parser
      .add_option(
          "--allow", allow_,
          what + (command == For::predict ? "The best --k of them are answered; probabilities stay those among all labels."
                                          : "The best of them are scored; a true label that may be no answer is a miss."))
      ->type_name("FILE");
  parser.add_option("--deny", deny_, "Likewise labels that may not be answers.")->type_name("FILE");
}

Result<std::optional<LabelFilter>> LabelLists::filter(const Model& model, const std::string& model_path, bool ids) const {
  if (allow_.empty() && deny_.empty()) return std::optional<LabelFilter>();
  const std::uint32_t labels = model.shape().labels;
  LabelFilter out = allow_.empty() ? LabelFilter::permitting_all(labels) : LabelFilter::permitting_none(labels);
  if (!allow_.empty()) {
    const auto allowed = read_and_tell(allow_, model, ids);
    if (!allowed) return allowed.error();
    for (const std::uint32_t label : allowed->labels) out.permit(label);
    if (out.permitted() == 0)
      return usage_error(fmt::format("--allow: {} names no label of {}; give {}, one a line", datasets::quoted(allow_),
                                     datasets::quoted(model_path), model.label_names().empty() ? "ids" : "their names"));
  }
  if (!deny_.empty()) {
    const auto denied = read_and_tell(deny_, model, ids);
    if (!denied) return denied.error();
    for (const std::uint32_t label : denied->labels) out.forbid(label);
    if (out.permitted() == 0)
      return usage_error(
          fmt::format("--deny: {} leaves no label that may be an answer; leave some out", datasets::quoted(deny_)));
  }
  return std::optional(std::move(out));
}

}  // namespace glissade::apps
