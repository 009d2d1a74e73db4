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

ThingNames::ThingNames(const Model& model, bool items)
    : model_(&model), items_(items ? static_cast<std::uint32_t>(model.label_names().size()) : 0) {}

bool ThingNames::has_labels() const noexcept {
  return model_ != nullptr ? !model_->label_names().empty() : !snapshot_->label_name(0).empty();
}

bool ThingNames::has_features() const noexcept {
  return items_ > 0 || (model_ != nullptr ? !model_->feature_names().empty() : !snapshot_->feature_name(0).empty());
}

std::string_view ThingNames::label_name(std::uint32_t label) const noexcept {
  if (model_ == nullptr) return snapshot_->label_name(label);
  return label < model_->label_names().size() ? std::string_view(model_->label_names()[label]) : std::string_view();
}

std::string_view ThingNames::feature_name(std::uint32_t feature) const noexcept {
  if (model_ == nullptr) return snapshot_->feature_name(feature);
  return feature < model_->feature_names().size() ? std::string_view(model_->feature_names()[feature]) : std::string_view();
}

std::string ThingNames::label(std::uint32_t label) const {
  const std::string_view name = label_name(label);
  return name.empty() && !has_labels() ? std::to_string(label) : std::string(name);
}

std::string ThingNames::feature(std::uint32_t feature) const {
  if (feature < items_) return label(feature);
  const std::string_view name = feature_name(feature);
  return name.empty() ? std::to_string(feature) : std::string(name);
}

void ExplainedRow::add_features(std::string& text, const LabelReasons& answer) const {
  std::string words;
  const auto add = [&](const LabelReasons::Feature& one) {
    words += fmt::format("{}{} {:+.2f}", words.empty() ? "" : "  ", names_.feature(one.feature), one.by);
  };
  const auto& all = answer.features;
  for (std::size_t i = 0; i < std::min(kFor, all.size()) && all[i].speaks_for() && all[i].by >= kShown; ++i) add(all[i]);
  for (std::size_t i = all.size() - std::min(kAgainst, all.size()); i < all.size(); ++i) {
    if (all[i].speaks_against() && all[i].by <= -kShown) add(all[i]);
  }
  if (!words.empty()) add_line(text, names_.are_items() ? "items" : "features", words);
}

void ExplainedRow::add_neighbour(std::string& text, const LabelReasons& answer, const LabelReasons::Neighbour& neighbour) const {
  std::string line =
      fmt::format("{:.2f} like {}", neighbour.likeness,
                  neighbour.is_name ? std::string("the label's name") : fmt::format("training row {}", neighbour.row + 1));
  std::string shared;
  for (std::size_t i = 0; i < std::min(kShared, neighbour.shared.size()); ++i)
    shared += fmt::format("{}{}", i == 0 ? "" : ", ", names_.feature(neighbour.shared[i]));
  if (!shared.empty()) line += fmt::format(" by {}", shared);
  std::string others;
  std::size_t count = 0;
  for (const std::uint32_t label : neighbour.labels) {
    if (label != answer.label && count++ < kOtherLabels)
      others += fmt::format("{}{}", others.empty() ? "" : "; ", names_.label(label));
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
    fmt::format_to(std::back_inserter(text), "{:>3}. {}  probability {:.4g}  score {:.3f}\n", i + 1, names_.label(answer.label),
                   answer.probability, answer.score);
    add_features(text, answer);
    add_line(text, "parts", shares_text(answer));
    for (const LabelReasons::Neighbour& neighbour : answer.neighbours) add_neighbour(text, answer, neighbour);
  }
  return text;
}

namespace {

using OrderedJson = nlohmann::ordered_json;

void put_reasons(const ThingNames& names, const LabelReasons& answer, OrderedJson& out) {
  OrderedJson shares = OrderedJson::object(), features = OrderedJson::array(), neighbours = OrderedJson::array();
  for (std::size_t i = 0; i < kSpeakers; ++i)
    shares[std::string(speaker_name(static_cast<Speaker>(i)))] = short_number(answer.shares[i]);
  for (const LabelReasons::Feature& one : answer.features) {
    OrderedJson feature = {{"feature", one.feature}};
    if (names.has_features()) feature["name"] = names.feature(one.feature);
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
  out["score"] = short_number(answer.score);
  out["candidate"] = answer.candidate;
  out["base"] = short_number(answer.base);
  out["shares"] = std::move(shares);
  out["features"] = std::move(features);
  out["neighbours"] = std::move(neighbours);
}

/// Names that are no UTF-8 must not end the stream.
std::string json_line(const OrderedJson& json) { return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace); }

}  // namespace

std::string ExplainedRow::reasons_json(const LabelReasons& answer) const {
  OrderedJson out = OrderedJson::object();
  put_reasons(names_, answer, out);
  return json_line(out);
}

std::string ExplainedRow::json(std::uint64_t row, std::optional<std::string_view> user,
                               const std::vector<LabelReasons>& answers) const {
  OrderedJson list = OrderedJson::array();
  for (const LabelReasons& answer : answers) {
    OrderedJson out = {{"label", answer.label}};
    if (names_.has_labels()) out["name"] = names_.label(answer.label);
    out["probability"] = short_number(answer.probability);
    put_reasons(names_, answer, out);
    list.push_back(std::move(out));
  }
  OrderedJson out = {{"row", row}};
  if (user) out["user"] = *user;
  out["answers"] = std::move(list);
  return json_line(out) + "\n";
}

}  // namespace glissade::apps
