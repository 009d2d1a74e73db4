#include "datasets/records/json_names.h"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "datasets/records/rows.h"

namespace glissade::datasets {
namespace {

constexpr std::size_t kLines = 100, kDeepestNames = 8;

using Json = nlohmann::ordered_json;

void collect(const Json& value, const std::string& before, std::size_t depth, std::vector<std::string>& names) {
  if (value.is_array()) {
    for (const Json& element : value) {
      if (element.is_object()) collect(element, before, depth, names);
    }
    return;
  }
  for (const auto& [key, inner] : value.items()) {
    const std::string name = before.empty() ? key : before + '.' + key;
    const bool inside =
        (inner.is_object() || (inner.is_array() && !inner.empty() && inner.front().is_object())) && depth < kDeepestNames;
    if (inside) {
      collect(inner, name, depth + 1, names);
    } else if (std::ranges::find(names, name) == names.end()) {
      names.push_back(name);
    }
  }
}

JsonNames& inside(JsonNames& object, std::string_view name) {
  for (JsonNames& known : object.inside) {
    if (known.name == name) return known;
  }
  return object.inside.emplace_back(JsonNames{std::string(name), {}, {}});
}

}  // namespace

std::vector<std::string> json_names(std::string_view text) {
  std::vector<std::string> names;
  std::size_t lines = 0;
  for_each_row(text.substr(0, std::size_t{1} << 20), [&](std::string_view line, std::size_t) {
    if (all_blank(line) || ++lines > kLines) return;
    const Json object = Json::parse(line, nullptr, false);
    if (object.is_object()) collect(object, "", 0, names);
  });
  return names;
}

JsonNames json_tree(const std::vector<std::string>& asked) {
  JsonNames root;
  for (std::uint32_t column = 0; column < asked.size(); ++column) {
    JsonNames* object = &root;
    std::string_view rest = asked[column];
    for (;;) {
      inside(*object, rest).columns.push_back(column);
      const std::size_t dot = rest.find('.');
      if (dot == std::string_view::npos) break;
      object = &inside(*object, rest.substr(0, dot));
      rest.remove_prefix(dot + 1);
    }
  }
  return root;
}

bool json_may_have(std::string_view text, std::string_view column) {
  return text.find('"' + std::string(column.substr(column.rfind('.') + 1)) + '"') != std::string_view::npos;
}

}  // namespace glissade::datasets
