#include "apps/serve/answers.h"

#include <iterator>
#include <span>

#include <fmt/format.h>

#include "apps/answers/answer_text.h"
#include "apps/answers/explained.h"

namespace glissade::apps {
namespace {

void append_label(std::string& text, const ServedModel& model, std::uint32_t label) {
  fmt::format_to(std::back_inserter(text), "{{\"label\":{}", label);
  if (model.facts.has_label_names)
    fmt::format_to(std::back_inserter(text), ",\"name\":{}", json_text(model.snapshot.label_name(label)));
}

std::string end_of_answers(const PredictRequest& request) {
  std::string text = fmt::format("],\"unknown\":{}", request.rows.unknown);
  if (request.filter) fmt::format_to(std::back_inserter(text), ",\"unknown_labels\":{}", request.unknown_labels);
  return text + "}\n";
}

}  // namespace

std::string predict_body(const ServedModel& model, const PredictRequest& request, const Predictions& best) {
  std::string text = fmt::format("{{\"version\":{},\"answers\":[", model.version);
  for (std::size_t row = 0; row < request.rows.size(); ++row) {
    text += row == 0 ? "[" : ",[";
    for (std::size_t i = 0; i < best.k; ++i) {
      const std::uint32_t label = best.labels[row * best.k + i];
      const float score = best.scores[row * best.k + i];
      if (label == Predictions::kNoLabel || !request.given.keeps(i, score)) break;  // what is not given comes last
      if (i > 0) text += ',';
      append_label(text, model, label);
      fmt::format_to(std::back_inserter(text), ",\"{}\":{}}}", request.probabilities ? "probability" : "logit", score);
    }
    text += ']';
  }
  return text + end_of_answers(request);
}

std::string explain_body(const ServedModel& model, const PredictRequest& request,
                         const std::vector<std::vector<LabelReasons>>& reasons) {
  const InputReader& reader = *model.facts.reader;
  const ExplainedRow explained(ThingNames(model.snapshot, reader.items()));
  std::string text = fmt::format("{{\"version\":{},\"answers\":[", model.version);
  for (std::size_t row = 0; row < reasons.size(); ++row) {
    text += row == 0 ? "[" : ",[";
    for (std::size_t i = 0; i < reasons[row].size(); ++i) {
      const LabelReasons& one = reasons[row][i];
      const float score = request.probabilities ? one.probability : one.score;
      if (!request.given.keeps(i, score)) break;
      if (i > 0) text += ',';
      append_label(text, model, one.label);
      fmt::format_to(std::back_inserter(text), ",\"{}\":{},\"reasons\":{}}}", request.probabilities ? "probability" : "logit",
                     score, explained.reasons_json(one));
    }
    text += ']';
  }
  return text + end_of_answers(request);
}

std::string score_body(const ServedModel& model, const ScoreRequest& request, const std::vector<float>& scores) {
  std::string text = fmt::format("{{\"version\":{},\"scores\":[", model.version);
  for (std::size_t row = 0; row < request.rows.size(); ++row) {
    text += row == 0 ? "[" : ",[";
    for (std::uint64_t i = request.offsets[row]; i < request.offsets[row + 1]; ++i) {
      if (i > request.offsets[row]) text += ',';
      append_label(text, model, request.candidates[i]);
      fmt::format_to(std::back_inserter(text), ",\"score\":{}}}", scores[i]);
    }
    text += ']';
  }
  return text + fmt::format("],\"unknown\":{},\"unknown_labels\":{}}}\n", request.rows.unknown, request.unknown_labels);
}

std::string labels_body(const ServedModel& model, std::string_view prefix, std::uint32_t limit) {
  std::string text = fmt::format("{{\"version\":{},\"labels\":[", model.version);
  std::uint32_t found = 0;
  for (std::uint32_t label = 0; label < model.snapshot.shape().labels && found < limit; ++label) {
    if (model.facts.has_label_names && !model.snapshot.label_name(label).starts_with(prefix)) continue;
    if (found++ > 0) text += ',';
    append_label(text, model, label);
    text += '}';
  }
  return text + "]}\n";
}

std::string error_body(std::string_view message) { return fmt::format("{{\"error\":{}}}\n", json_text(message)); }

}  // namespace glissade::apps
