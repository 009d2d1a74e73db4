#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <glissade/explain.h>
#include <glissade/model.h>

#include "apps/serve/requests.h"
#include "apps/serve/served_model.h"

namespace glissade::apps {

// The bodies of answers, JSON of one line.

/// {"version":1,"answers":[[{"label":12,"name":"x","probability":0.5},..],..],"unknown":0}
std::string predict_body(const ServedModel& model, const PredictRequest& request, const Predictions& best);
/// The same with "reasons" in each answer (apps/answers/explained.h); reasons[row] are of the row's best labels.
std::string explain_body(const ServedModel& model, const PredictRequest& request,
                         const std::vector<std::vector<LabelReasons>>& reasons);
/// {"version":1,"scores":[[{"label":12,"name":"x","score":1.5},..],..],"unknown":0}, in the order of ids.
std::string score_body(const ServedModel& model, const ScoreRequest& request, const std::vector<float>& scores);
/// The labels whose names begin with `prefix`, by id, at most `limit`: {"version":1,"labels":[{"label":12,"name":"x"},..]}. Where
/// labels have no names, the first ids.
std::string labels_body(const ServedModel& model, std::string_view prefix, std::uint32_t limit);
/// {"error":"..."}
std::string error_body(std::string_view message);

}  // namespace glissade::apps
