#pragma once

#include <string>
#include <vector>

#include <glissade/model.h>

#include "apps/answers/threshold.h"

namespace glissade::apps {

/// One line per sample: "label:score" pairs, best first. With `names` those of the labels, and tabs between the pairs.
std::string answer_lines(const Predictions& predictions, const std::vector<std::string>* names, const AnswerFilter& filter);

}  // namespace glissade::apps
