#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/snapshot.h>

#include "apps/serve/input_reader.h"

namespace glissade::apps {

/// What the server knows of a model file and needs beside its snapshots. Immutable.
struct ModelFacts {
  std::shared_ptr<const InputReader> reader;
  bool has_label_names = false;
  bool never_answers_seen = false;      ///< trained with exclude-input
  std::optional<float> best_threshold;  ///< of a model with calibrated probabilities

  static Result<ModelFacts> of(const Model& model);
};

/// What requests are answered from: they hold it until they are answered, whatever comes after it.
struct ServedModel {
  Snapshot snapshot;
  ModelFacts facts;
  std::uint64_t version = 1;  ///< grows with each one that takes another's place
};
using ServedHandle = std::shared_ptr<const ServedModel>;

/// Of a model that is read.
Result<ServedHandle> serve_model(std::shared_ptr<Model> model, std::uint64_t version);
/// Reads a model file, which stays mapped.
Result<ServedHandle> load_served(const std::string& path, std::uint64_t version);

}  // namespace glissade::apps
