#pragma once

#include <cstdint>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>

#include "engine/batches/batch.h"
#include "engine/inference/search_paths.h"
#include "engine/layers/activation.h"
#include "engine/model/impl.h"

namespace glissade {

/// What predict_rows() works in. One per thread; nothing is allocated once its buffers have grown.
struct PredictBuffers {
  Batch batch;
  std::vector<Activations> hidden;
  std::vector<std::uint32_t> rows, scored, short_rows;
  std::vector<std::uint32_t> few;  ///< permitted labels, if there are few
  PathsBuffers paths;
};

/// Model::predict() into `out`, whose memory is used again. `calibrated`: probabilities as the model's calibration has them.
Result<void> predict_rows(Model::Impl& impl, const InputRows& inputs, const PredictOptions& options, bool calibrated,
                          PredictBuffers& buffers, Predictions& out);

}  // namespace glissade
