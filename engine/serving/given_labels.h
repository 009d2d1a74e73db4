#pragma once

#include <cstdint>
#include <vector>

#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/inference/predict_rows.h"
#include "engine/model/impl.h"

namespace glissade {

/// What score_given() works in. One per thread.
struct GivenBuffers {
  PredictBuffers predict;
  Predictions best;
  SearchSums sums;
};

/// The hidden layers' outputs for rows (legal ones), into buffers.hidden. False if a matrix product ran out of memory.
bool hidden_of(const Model::Impl& impl, const InputRows& inputs, PredictBuffers& buffers);

/// See Snapshot::score(). A label that can be no answer of its sample (exclude-input) has the score -infinity.
Result<void> score_given(Model::Impl& impl, const InputRows& inputs, const SparseRows& labels, GivenBuffers& buffers,
                         std::vector<float>& scores);

}  // namespace glissade
