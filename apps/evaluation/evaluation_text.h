#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <glissade/metrics.h>

#include "apps/evaluation/metric_choice.h"

namespace glissade::apps {

/// An evaluation and what it is an evaluation of, for the texts of `eval`.
struct Scoring {
  Evaluation evaluation;
  std::string search;     ///< how labels were searched for; "" = answers of a file, which took no time that is known
  Propensity propensity;  ///< constants of PSP@k
  bool weighs = true;     ///< training counts are known, so there is PSP@k
};

/// Metrics in percent, a line each with its interval below it, and a last line of counts. Without `metrics`: P@k, nDCG@k and
/// PSP@k at 1, 3 and 5.
std::string evaluation_table(const Scoring& scoring, const MetricChoice& metrics);

/// How labels of about as many training rows are found: a line for each bucket.
std::string frequency_table(const Evaluation& evaluation);

/// All of it, shares from 0 to 1. Fields are added in later versions, never renamed.
nlohmann::ordered_json evaluation_json(const Scoring& scoring);

/// Two evaluations of the same rows.
struct Contest {
  Scoring challenger, other;
  std::string challenger_name, other_name;  ///< how lines call them
  Comparison comparison;                    ///< of the first with the second
};

/// Both side by side: what the challenger scores more, and whether that is more than chance. `metrics` is not empty.
std::string comparison_table(const Contest& contest, const MetricChoice& metrics);

/// The challenger as evaluation_json(), with two more fields: "against", the other, and "difference", with intervals.
nlohmann::ordered_json comparison_json(const Contest& contest);

}  // namespace glissade::apps
