#pragma once

#include <glissade/learner.h>

#include "tests/engine/models.h"

namespace glissade::test {

/// Trained on `data`; with all paths, or by the hidden one alone; `compact`: whose rows have a quarter of their connections.
inline Model living_model(const Data& data, bool with_paths, bool compact = false) {
  Config config = small_config();
  if (compact) {
    config.network.hidden = {128};
    config.connections.density = 0.25;
  }
  if (with_paths) {
    config.sparse_rows.fan_in = 24;
    config.sparse_rows.epochs = 1;
    config.candidates.neighbours = 20;
    config.candidates.co_labels = 8;
  }
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  return model;
}

}  // namespace glissade::test
