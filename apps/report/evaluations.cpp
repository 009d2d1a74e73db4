#include "apps/report/evaluations.h"

#include <algorithm>

#include <fmt/format.h>

#include "datasets/mapped_file.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

using ExamplesJson = nlohmann::ordered_json;

bool has_list(const ExamplesJson& json, const char* name) { return json.contains(name) && json[name].is_array(); }

bool all_objects(const ExamplesJson& list) {
  return std::ranges::all_of(list, [](const ExamplesJson& one) { return one.is_object(); });
}

bool is_mistake(const ExamplesJson& json) {
  return json.is_object() && has_list(json, "labels") && has_list(json, "answers") && all_objects(json["answers"]);
}

/// Whether the page can draw it.
bool is_drawable(const ExamplesJson& json) {
  if (!json.is_object() || !json.contains("evaluation") || !json["evaluation"].is_object() || !has_list(json, "mistakes"))
    return false;
  const ExamplesJson& scores = json["evaluation"];
  if (scores.contains("by_frequency") && (!scores["by_frequency"].is_array() || !all_objects(scores["by_frequency"])))
    return false;
  return std::ranges::all_of(json["mistakes"], is_mistake);
}

}  // namespace

Result<nlohmann::ordered_json> read_examples(const std::string& path) {
  const auto file = datasets::MappedFile::open(path);
  if (!file) return file.error();
  ExamplesJson json = ExamplesJson::parse(file->bytes(), nullptr, false);
  if (is_drawable(json)) return json;
  return runtime_error(
      fmt::format("{} holds no examples; give files that 'glissade eval --examples' wrote", datasets::quoted(path)));
}

}  // namespace glissade::apps
