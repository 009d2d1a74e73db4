#include "apps/answers/explained.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace glissade::apps {
namespace {

constexpr std::size_t kFor = 6, kAgainst = 2;  ///< features that a person is shown
constexpr std::size_t kShared = 5, kOtherLabels = 4;
constexpr float kShown = 0.005f;  ///< less is +0.00

/// Shares of a score, without parts that the model does not have.
std::string shares_text(const LabelReasons& answer) {
  std::string text;
  for (std::size_t i = 0; i < kSpeakers; ++i) {
    if (answer.shares[i] != 0) text += fmt::format("{} {:+.2f}  ", speaker_name(static_cast<Speaker>(i)), answer.shares[i]);
  }
  return text + fmt::format("base {:+.2f}", answer.base);
}

/// The double that prints with no more digits than the float has.
double short_number(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

void add_line(std::string& text, std::string_view head, std::string_view rest) {
  fmt::format_to(std::back_inserter(text), "     {:<12}{}\n", head, rest);
}

}  // namespace

std::string ExplainedRow::label_name(std::uint32_t label) const {
  return model_.label_names().empty() ? std::to_string(label) : model_.label_names()[label];
}

std::string ExplainedRow::feature_name(std::uint32_t feature) const {
  const auto& names = items_ ? model_.label_names() : model_.feature_names();
  if (feature < names.size()) return names[feature];
  if (items_ && feature - names.size() < names.size()) return names[feature - names.size()] + " (last)";
  if (items_ && feature < model_.feature_names().size()) return model_.feature_names()[feature];
  return std::to_string(feature);
}

void ExplainedRow::add_features(std::string& text, const LabelReasons& answer) const {
  std::string words;
  const auto add = [&](const LabelReasons::Feature& one) {
    words += fmt::format("{}{} {:+.2f}", words.empty() ? "" : "  ", feature_name(one.feature), one.by);
  };
  const auto& all = answer.features;
  for (std::size_t i = 0; i < std::min(kFor, all.size()) && all[i].speaks_for() && all[i].by >= kShown; ++i) add(all[i]);
  for (std::size_t i = all.size() - std::min(kAgainst, all.size()); i < all.size(); ++i) {
    if (all[i].speaks_against() && all[i].by <= -kShown) add(all[i]);
  }
  if (!words.empty()) add_line(text, items_ ? "items" : "features", words);
}

void ExplainedRow::add_neighbour(std::string& text, const LabelReasons& answer, const LabelReasons::Neighbour& neighbour) const {
  std::string line =
      fmt::format("{:.2f} like {}", neighbour.likeness,
                  neighbour.is_name ? std::string("the label's name") : fmt::format("training row {}", neighbour.row + 1));
  std::string shared;
  for (std::size_t i = 0; i < std::min(kShared, neighbour.shared.size()); ++i)
    shared += fmt::format("{}{}", i == 0 ? "" : ", ", feature_name(neighbour.shared[i]));
  if (!shared.empty()) line += fmt::format(" by {}", shared);
  std::string others;
  std::size_t count = 0;
  for (const std::uint32_t label : neighbour.labels) {
    if (label != answer.label && count++ < kOtherLabels)
      others += fmt::format("{}{}", others.empty() ? "" : "; ", label_name(label));
  }
  if (count > kOtherLabels) others += fmt::format(" and {} more", count - kOtherLabels);
  if (!others.empty()) line += fmt::format(", which also has {}", others);
  add_line(text, &neighbour == answer.neighbours.data() ? "neighbours" : "", line);
}

std::string ExplainedRow::text(std::uint64_t row, std::optional<std::string_view> user,
                               const std::vector<LabelReasons>& answers) const {
  std::string text = user ? fmt::format("row {}: {}\n", row, *user) : fmt::format("row {}\n", row);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const LabelReasons& answer = answers[i];
    fmt::format_to(std::back_inserter(text), "{:>3}. {}  probability {:.4g}  score {:.3f}\n", i + 1, label_name(answer.label),
                   answer.probability, answer.score);
    add_features(text, answer);
    add_line(text, "parts", shares_text(answer));
    for (const LabelReasons::Neighbour& neighbour : answer.neighbours) add_neighbour(text, answer, neighbour);
  }
  return text;
}

std::string ExplainedRow::json(std::uint64_t row, std::optional<std::string_view> user,
                               const std::vector<LabelReasons>& answers) const {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const LabelReasons& answer : answers) {
    Json shares = Json::object(), features = Json::array(), neighbours = Json::array();
    for (std::size_t i = 0; i < kSpeakers; ++i)
      shares[std::string(speaker_name(static_cast<Speaker>(i)))] = short_number(answer.shares[i]);
    for (const LabelReasons::Feature& one : answer.features) {
      Json feature = {{"feature", one.feature}};
      if (has_feature_names()) feature["name"] = feature_name(one.feature);
      feature["by"] = short_number(one.by);
      feature["by_score"] = short_number(one.by_score);
      features.push_back(std::move(feature));
    }
    for (const LabelReasons::Neighbour& one : answer.neighbours) {
      neighbours.push_back({{"row", one.row + 1},
                            {"is_name", one.is_name},
                            {"likeness", short_number(one.likeness)},
                            {"labels", one.labels},
                            {"shared", one.shared}});
    }
    Json out = {{"label", answer.label}};
    if (!model_.label_names().empty()) out["name"] = label_name(answer.label);
    out["probability"] = short_number(answer.probability);
    out["score"] = short_number(answer.score);
    out["candidate"] = answer.candidate;
    out["base"] = short_number(answer.base);
    out["shares"] = std::move(shares);
    out["features"] = std::move(features);
    out["neighbours"] = std::move(neighbours);
    list.push_back(std::move(out));
  }
  Json out = {{"row", row}};
  if (user) out["user"] = *user;
  out["answers"] = std::move(list);
  // Names that are no UTF-8 must not end the stream.
  return out.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace glissade::apps
