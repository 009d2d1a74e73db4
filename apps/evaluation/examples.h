#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <glissade/model.h>

#include "apps/evaluation/evaluation_text.h"
#include "apps/evaluation/mistakes.h"

namespace glissade::apps {

/// How many mistakes a file of examples has at most.
inline constexpr std::size_t kMistakes = 50;

/// What `eval --examples` writes and `report --examples` draws: {"test": the file, "evaluation": as evaluation_json(),
/// "mistakes":
/// [{"row": from 1, "text", "labels": [the true ones], "answers": [{"label", "probability", "true"}]}]}. Labels are named where
/// the model has names. `texts`: one for each mistake. Fields are added in later versions, never renamed.
nlohmann::ordered_json examples_json(const Model& model, const ScoredRows& rows, const std::string& path, const Scoring& scoring,
                                     const std::vector<Mistake>& mistakes, const std::vector<std::string>& texts);

}  // namespace glissade::apps
