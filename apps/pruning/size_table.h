#pragma once

#include <string>
#include <vector>

#include <glissade/metrics.h>
#include <glissade/prune.h>

namespace glissade::apps {

/// A model, pruned or not, and what it scores.
struct SizedModel {
  std::string size;  ///< as it was asked for
  Pruner::Size taken;
  PruneMix mix;
  Evaluation evaluation;
};

/// A line per model: bytes, weights, P@1/3/5, nDCG@5, milliseconds a row, steps. `pruner`: of the whole model.
std::string size_table(const std::vector<SizedModel>& models, const Pruner& pruner);

/// "0.74,0.61,0.47,0.68,0": the steps of a mix, as --steps takes them.
std::string mix_text(const PruneMix& mix);

}  // namespace glissade::apps
