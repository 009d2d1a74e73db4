#include "apps/serve/requests.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "datasets/message.h"

namespace glissade::apps {
namespace {

using nlohmann::json;

constexpr std::size_t kMostLabelsOfEvent = 10000;
// A row's reasons cost about one query for each of its features.
constexpr std::size_t kMostExplained = 16;
constexpr std::uint32_t kMostReasons = 100;

Error bad(std::string message) { return usage_error(std::move(message)); }

/// The object that a body is, of these fields alone.
Result<json> read_body(std::string_view body, std::initializer_list<std::string_view> fields) {
  json read;
  try {
    read = json::parse(body);
  } catch (const json::parse_error& error) {
    return bad(fmt::format("the body is no JSON (UTF-8): something is wrong at byte {}", error.byte));
  } catch (const json::exception&) {
    return bad("the body is no JSON: a number is out of range");
  }
  if (!read.is_object()) return bad(fmt::format("the body is {}; it must be an object", kind_of(read)));
  for (const auto& [name, value] : read.items()) {
    if (std::ranges::find(fields, std::string_view(name)) == fields.end())
      return bad(fmt::format("there is no field {}; fields are {}", system::quoted(name, 60), fmt::join(fields, ", ")));
  }
  return read;
}

Result<void> read_rows(const json& body, const ServedModel& model, InputRows& rows) {
  const auto one = body.find("input"), many = body.find("inputs");
  if ((one == body.end()) == (many == body.end())) return bad("give either \"input\" or a list of \"inputs\"");
  const InputReader& reader = *model.facts.reader;
  if (one != body.end()) return reader.add(*one, model.snapshot, "input", rows);
  if (!many->is_array()) return bad(fmt::format("\"inputs\" is {}; it must be a list", kind_of(*many)));
  for (std::size_t i = 0; i < many->size(); ++i) {
    if (auto added = reader.add((*many)[i], model.snapshot, fmt::format("inputs[{}]", i), rows); !added) return added;
  }
  return {};
}

Result<void> read_flag(const json& body, const char* name, bool& out) {
  const auto found = body.find(name);
  if (found == body.end()) return {};
  if (!found->is_boolean()) return bad(fmt::format("\"{}\" is {}; it must be true or false", name, kind_of(*found)));
  out = found->get<bool>();
  return {};
}

Result<void> read_count(const json& body, const char* name, std::uint32_t low, std::uint32_t high, std::uint32_t& out) {
  const auto found = body.find(name);
  if (found == body.end()) return {};
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() < low || found->get<std::uint64_t>() > high)
    return bad(fmt::format("\"{}\" is {}; it must be a whole number, {} to {}", name, kind_of(*found), low, high));
  out = found->get<std::uint32_t>();
  return {};
}

/// Calls say(label) for those of a list that the model has; the number of the others.
template <class Say>
Result<std::uint64_t> each_label(const json& list, const char* name, const Snapshot& snapshot, const Say& say) {
  if (!list.is_array()) return bad(fmt::format("\"{}\" is {}; it must be a list of names or ids", name, kind_of(list)));
  std::uint64_t unknown = 0;
  for (const json& one : list) {
    const auto label = label_of(one, snapshot, fmt::format("\"{}\"", name));
    if (!label) return label.error();
    if (*label) {
      say(**label);
    } else {
      ++unknown;
    }
  }
  return unknown;
}

Result<void> read_filter(const json& body, const Snapshot& snapshot, PredictRequest& request) {
  const auto allow = body.find("allow"), deny = body.find("deny");
  if (allow == body.end() && deny == body.end()) return {};
  const std::uint32_t labels = snapshot.shape().labels;
  LabelFilter filter = allow == body.end() ? LabelFilter::permitting_all(labels) : LabelFilter::permitting_none(labels);
  if (allow != body.end()) {
    const auto unknown = each_label(*allow, "allow", snapshot, [&](std::uint32_t label) { filter.permit(label); });
    if (!unknown) return unknown.error();
    request.unknown_labels += *unknown;
    if (filter.permitted() == 0) return bad("\"allow\" names no label of the model");
  }
  if (deny != body.end()) {
    const auto unknown = each_label(*deny, "deny", snapshot, [&](std::uint32_t label) { filter.forbid(label); });
    if (!unknown) return unknown.error();
    request.unknown_labels += *unknown;
    if (filter.permitted() == 0) return bad("\"deny\" leaves no label that may be an answer");
  }
  request.filter.emplace(std::move(filter));
  return {};
}

Result<void> read_threshold(const json& body, const ServedModel& model, PredictRequest& request) {
  const auto found = body.find("threshold");
  if (auto read = read_count(body, "min_labels", 0, 1000, request.given.best); !read) return read;
  if (found == body.end()) {
    if (request.given.best > 0) return bad("\"min_labels\" counts only with \"threshold\"");
    return {};
  }
  if (!request.probabilities) return bad("\"threshold\" is a probability; leave \"probabilities\" true");
  if (request.given.best > request.k)
    return bad(fmt::format("\"min_labels\" {} is more than \"k\" {}; raise \"k\"", request.given.best, request.k));
  if (*found == "auto") {
    if (!model.facts.best_threshold) return bad("\"threshold\" auto: the model holds no calibration; give a number");
    request.given.least = *model.facts.best_threshold;
    return {};
  }
  const bool number = found->is_number() && found->get<double>() >= 0 && found->get<double>() <= 1;
  if (!number) return bad(fmt::format("\"threshold\" is {}; it must be a number, 0 to 1, or \"auto\"", kind_of(*found)));
  request.given.least = found->get<float>();
  return {};
}

Result<void> read_exclude_seen(const json& body, const ServedModel& model, PredictRequest& request) {
  if (auto read = read_flag(body, "exclude_seen", request.exclude_seen); !read) return read;
  if (!body.contains("exclude_seen")) return {};
  if (model.facts.reader->kind() != InputReader::Kind::items)
    return bad("\"exclude_seen\" is for a model of sequences or events, and this is none");
  if (!request.exclude_seen && model.facts.never_answers_seen)
    return bad("\"exclude_seen\" false: the model was trained with exclude-input and never answers what is before");
  return {};
}

Result<void> read_explain(const json& body, PredictRequest& request) {
  if (auto read = read_flag(body, "explain", request.explains); !read || !request.explains) return read;
  if (request.k > kMostReasons)
    return bad(fmt::format("\"k\" is {}; with \"explain\" it must be at most {}", request.k, kMostReasons));
  const auto inputs = body.find("inputs");
  if (inputs != body.end() && inputs->size() > kMostExplained)
    return bad(
        fmt::format("\"inputs\" are {}; with \"explain\" at most {} may be asked at once", inputs->size(), kMostExplained));
  return {};
}

/// One list for all rows, or a list of lists, one for each.
Result<void> read_candidates(const json& body, const Snapshot& snapshot, ScoreRequest& request) {
  const auto found = body.find("candidates");
  if (found == body.end() || !found->is_array() || found->empty())
    return bad("\"candidates\" must be a list of names or ids, or one such list for each input");
  const bool apart = std::ranges::all_of(*found, [](const json& one) { return one.is_array(); });
  if (apart && found->size() != request.rows.size())
    return bad(fmt::format("\"candidates\" has {} lists for {} inputs; give one for each", found->size(), request.rows.size()));
  for (std::size_t row = 0; row < request.rows.size(); ++row) {
    const std::size_t begin = request.candidates.size();
    const auto unknown = each_label(apart ? (*found)[row] : *found, "candidates", snapshot,
                                    [&](std::uint32_t label) { request.candidates.push_back(label); });
    if (!unknown) return unknown.error();
    request.unknown_labels += *unknown;
    const auto first = request.candidates.begin() + static_cast<std::ptrdiff_t>(begin);
    std::sort(first, request.candidates.end());
    request.candidates.erase(std::unique(first, request.candidates.end()), request.candidates.end());
    request.offsets.push_back(request.candidates.size());
  }
  return {};
}

Result<LearnRequest::Labels> read_labels(const json& list, const ServedModel& model, const std::string& what) {
  if (!list.is_array() || list.empty() || list.size() > kMostLabelsOfEvent)
    return bad(fmt::format("{}: \"labels\" must be a list of 1 to {} names or ids", what, kMostLabelsOfEvent));
  LearnRequest::Labels labels;
  for (const json& one : list) {
    const auto label = label_of(one, model.snapshot, what);
    if (!label) return label.error();
    if (*label) {
      labels.ids.push_back(**label);
    } else if (one.is_string() && model.facts.has_label_names && !one.get_ref<const std::string&>().empty()) {
      labels.names.push_back(one.get<std::string>());
    } else {
      return bad(fmt::format("{}: the model has no label {}; {}", what,
                             one.is_string() ? system::quoted(one.get<std::string>(), 60) : one.dump(),
                             model.facts.has_label_names ? "a new one needs a name" : "its labels have no names, give ids"));
    }
  }
  return labels;
}

}  // namespace

Result<PredictRequest> read_predict(std::string_view text, const ServedModel& model) {
  const auto body = read_body(
      text, {"input", "inputs", "k", "probabilities", "allow", "deny", "exclude_seen", "threshold", "min_labels", "explain"});
  if (!body) return body.error();
  PredictRequest request;
  if (auto read = read_count(*body, "k", 1, 1000, request.k); !read) return read.error();
  if (auto read = read_flag(*body, "probabilities", request.probabilities); !read) return read.error();
  if (auto read = read_explain(*body, request); !read) return read.error();
  if (auto read = read_exclude_seen(*body, model, request); !read) return read.error();
  if (auto read = read_threshold(*body, model, request); !read) return read.error();
  if (auto read = read_filter(*body, model.snapshot, request); !read) return read.error();
  if (auto read = read_rows(*body, model, request.rows); !read) return read.error();
  return request;
}

Result<ScoreRequest> read_score(std::string_view text, const ServedModel& model) {
  const auto body = read_body(text, {"input", "inputs", "candidates"});
  if (!body) return body.error();
  ScoreRequest request;
  if (auto read = read_rows(*body, model, request.rows); !read) return read.error();
  if (auto read = read_candidates(*body, model.snapshot, request); !read) return read.error();
  return request;
}

Result<LearnRequest> read_learn(std::string_view text, const ServedModel& model) {
  const auto body = read_body(text, {"events"});
  if (!body) return body.error();
  const auto events = body->find("events");
  if (events == body->end() || !events->is_array() || events->empty())
    return bad("\"events\" must be a list of {\"input\":..,\"labels\":[..]}");
  LearnRequest request;
  request.rows.keeps_words = true;
  for (std::size_t i = 0; i < events->size(); ++i) {
    const json& event = (*events)[i];
    const std::string what = fmt::format("events[{}]", i);
    if (!event.is_object() || event.size() != 2 || !event.contains("input") || !event.contains("labels"))
      return bad(fmt::format("{}: an event must be {{\"input\":..,\"labels\":[..]}}", what));
    if (auto added = model.facts.reader->add(event["input"], model.snapshot, what, request.rows); !added) return added.error();
    auto labels = read_labels(event["labels"], model, what);
    if (!labels) return labels.error();
    request.labels.push_back(std::move(*labels));
  }
  return request;
}

}  // namespace glissade::apps
