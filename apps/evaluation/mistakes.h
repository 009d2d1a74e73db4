#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>

#include "apps/evaluation/scored_rows.h"

namespace glissade::apps {

/// A row whose first answer is wrong, and its answers, best first.
struct Mistake {
  std::size_t row = 0;
  std::vector<std::uint32_t> labels;
  std::vector<float> probabilities;
};

/// Of the rows with labels whose first answer is wrong, the `count` ones whose first answer is the most probable, that one first;
/// equal ones in the order of the rows. Answers all rows, as `options` say, which have k, probabilities and rows set here. Fails
/// as Model::predict().
Result<std::vector<Mistake>> confident_mistakes(const Model& model, const ScoredRows& rows, PredictOptions options,
                                                std::size_t count);

}  // namespace glissade::apps
