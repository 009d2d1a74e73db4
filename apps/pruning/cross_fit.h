#pragma once

#include <array>
#include <cstddef>

#include <glissade/metrics.h>
#include <glissade/model.h>
#include <glissade/owned_rows.h>
#include <glissade/result.h>

#include "apps/evaluation/scored_rows.h"

namespace glissade::apps {

/// What a model scores on labelled rows once its ranker has been fitted to them, told honestly: every second row is scored with
/// the ranker that the others fitted (two-fold cross-validation, Stone 1974).
class CrossFit {
 public:
  explicit CrossFit(const ScoredRows& rows);

  /// Leaves `model` with the ranker of one half. `start`: as refit_ranker() has it, and none that was fitted to these rows. Fails
  /// as refit_ranker() and evaluate().
  Result<Evaluation> evaluate(Model& model, const Model& start) const;

 private:
  struct Half {
    OwnedRows rows;
    OwnedRows excluded;
  };
  std::array<Half, 2> halves_;
};

}  // namespace glissade::apps
