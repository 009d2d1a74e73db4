#pragma once

#include <glissade/label_filter.h>
#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/evaluation/scored_rows.h"

namespace glissade::apps {

/// evaluate() where only some labels may be answers: a true label that may not is a miss. Holds the answers of all rows, 4 bytes
/// each.
Result<Evaluation> evaluate_permitted(const Model& model, const ScoredRows& rows, const LabelFilter& permitted,
                                      const EvaluateOptions& options);

}  // namespace glissade::apps
