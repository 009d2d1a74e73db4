#include "apps/report/run_log.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "apps/report/page.h"
#include "datasets/mapped_file.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

using Json = nlohmann::ordered_json;

bool is_event(const Json& json) { return json.is_object() && json.contains("event") && json["event"].is_string(); }

/// The last `count` parts of a path, without the ending.
std::string last_parts(const std::filesystem::path& path, std::size_t count) {
  const std::vector<std::filesystem::path> parts(path.begin(), path.end());
  std::filesystem::path name;
  for (std::size_t i = parts.size() - std::min(count, parts.size()); i < parts.size(); ++i) name /= parts[i];
  return name.replace_extension().string();
}

/// What epochs are scored on: validation rows, else test rows; "" = unknown.
std::string scored_content(const RunLog& run) {
  std::string content;
  for (const Json& event : run.events) {
    if (event["event"] != "start" || !event.contains("data") || !event["data"].is_array()) continue;
    for (const char* const role : {"test", "validation"}) {  // the last one that is there counts
      for (const Json& data : event["data"]) {
        if (data.is_object() && data.value("role", Json()) == role && data.contains("content") && data["content"].is_string())
          content = data["content"].get<std::string>();
      }
    }
  }
  return content;
}

/// JSON as it may stand within a script element: there the text ends at the first "</", and "<!--" is special, too. JSON may
/// spell
/// "<" otherwise.
std::string within_script(const Json& data) {
  std::string text;
  for (const char c : data.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

Result<RunLog> read_run_log(const std::string& path) {
  const auto file = datasets::MappedFile::open(path);
  if (!file) return file.error();
  RunLog log{path, {}};
  std::string_view rest = file->bytes();
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const bool whole = end != std::string_view::npos;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(whole ? end + 1 : rest.size());
    Json json = Json::parse(line, nullptr, false);
    if (is_event(json)) {
      log.events.push_back(std::move(json));
    } else if (whole) {
      return runtime_error(fmt::format("{}:{}: this is no event of a run; give files that 'glissade train --log-json' wrote",
                                       datasets::quoted(path), number));
    }
  }
  const auto starts = [](const Json& event) { return event["event"] == "start"; };
  if (std::any_of(log.events.begin(), log.events.end(), starts)) return log;
  return runtime_error(
      fmt::format("{} holds no start of a run; give files that 'glissade train --log-json' wrote", datasets::quoted(path)));
}

std::vector<std::string> run_names(const std::vector<RunLog>& runs) {
  constexpr std::size_t kMostParts = 16;
  std::vector<std::string> names;
  for (std::size_t parts = 1; parts <= kMostParts; ++parts) {
    names.clear();
    for (const RunLog& run : runs) names.push_back(last_parts(run.path, parts));
    if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) return names;
  }
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = fmt::format("{} ({})", runs[i].path, i + 1);
  return names;
}

std::vector<std::pair<std::string, std::string>> scored_apart(const std::vector<RunLog>& runs) {
  const std::vector<std::string> names = run_names(runs);
  std::vector<std::pair<std::string, std::string>> apart;
  std::string content, name;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string scored = scored_content(runs[i]);
    if (scored.empty()) continue;
    if (!content.empty() && scored != content) apart.emplace_back(name, names[i]);
    content = scored;
    name = names[i];
  }
  return apart;
}

std::string report_page(const std::vector<RunLog>& runs, const std::vector<Json>& examples) {
  const std::vector<std::string> names = run_names(runs);
  const auto apart = scored_apart(runs);
  Json data = Json::array();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    data.push_back({{"name", names[i]}, {"events", runs[i].events}});
    for (const auto& [first, second] : apart) {
      if (second == names[i]) data.back()["scored_apart_from"] = first;
    }
  }
  std::string text = within_script(data);
  if (!examples.empty()) text += "</script>\n<script type=\"application/json\" id=\"examples\">" + within_script(Json(examples));
  return std::string(kPageBefore) + text + std::string(kPageAfter);
}

}  // namespace glissade::apps
