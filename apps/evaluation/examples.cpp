#include "apps/evaluation/examples.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/evaluation/row_texts.h"

namespace glissade::apps {
namespace {

constexpr std::size_t kLongestLabel = 200;
constexpr std::size_t kTrueLabels = 50;

std::string label_in_words(const Model& model, std::uint32_t label) {
  if (label >= model.shape().labels) return "(unknown to the model)";
  return model.label_names().empty() ? std::to_string(label) : cut_text(model.label_names()[label], kLongestLabel);
}

/// The double that prints with no more digits than four of the float.
double four_digits(float value) { return std::strtod(fmt::format("{:.4g}", value).c_str(), nullptr); }

}  // namespace

nlohmann::ordered_json examples_json(const Model& model, const ScoredRows& rows, const std::string& path, const Scoring& scoring,
                                     const std::vector<Mistake>& mistakes, const std::vector<std::string>& texts) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (std::size_t i = 0; i < mistakes.size(); ++i) {
    const Mistake& mistake = mistakes[i];
    const auto labels = rows.view.labels.row_ids(mistake.row);
    Json own = Json::array(), answers = Json::array();
    for (const std::uint32_t label : labels.first(std::min(labels.size(), kTrueLabels)))
      own.push_back(label_in_words(model, label));
    for (std::size_t a = 0; a < mistake.labels.size(); ++a) {
      answers.push_back({{"label", label_in_words(model, mistake.labels[a])},
                         {"probability", four_digits(mistake.probabilities[a])},
                         {"true", std::ranges::find(labels, mistake.labels[a]) != labels.end()}});
    }
    list.push_back({{"row", mistake.row + 1}, {"text", texts[i]}, {"labels", std::move(own)}, {"answers", std::move(answers)}});
  }
  return {{"test", path}, {"evaluation", evaluation_json(scoring)}, {"mistakes", std::move(list)}};
}

}  // namespace glissade::apps
