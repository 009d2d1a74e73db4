#pragma once

#include <glissade/model.h>
#include <glissade/views.h>

#include "bench/train/json.h"

namespace glissade::bench {

/// Looks at the active sets that the model's sampler chooses for a batch of `data`, as a training step would: how many of each
/// sample's 8 largest logits are in, and how the gradients that they give compare with those of the full softmax, by the hidden
/// vectors and by the output layer's rows. Adds to `json`:
///   recall@8; hidden_cosine, rows_cosine (1 = same direction); hidden_error, rows_error (norm of the difference, relative).
/// Softmax only. Does not change the model. Exclusive access, not for use inside a parallel region.
void probe_active_sets(Model& model, const DatasetView& data, Json& json);

}  // namespace glissade::bench
