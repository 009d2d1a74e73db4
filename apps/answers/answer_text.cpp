#include "apps/answers/answer_text.h"

#include <iterator>

#include <fmt/format.h>

namespace glissade::apps {

std::string answer_lines(const Predictions& predictions, const std::vector<std::string>* names, const AnswerFilter& filter) {
  std::string text;
  const auto out = std::back_inserter(text);
  for (std::size_t at = 0; at < predictions.labels.size(); ++at) {
    const std::uint32_t label = predictions.labels[at];
    const bool first = at % predictions.k == 0;
    if (first && at > 0) text += '\n';
    if (label == Predictions::kNoLabel || !filter.keeps(at % predictions.k, predictions.scores[at])) continue;
    if (names != nullptr) {
      fmt::format_to(out, "{}{}:{:.6g}", first ? "" : "\t", (*names)[label], predictions.scores[at]);
    } else {
      fmt::format_to(out, "{}{}:{:.6g}", first ? "" : " ", label, predictions.scores[at]);
    }
  }
  if (!predictions.labels.empty()) text += '\n';
  return text;
}

}  // namespace glissade::apps
