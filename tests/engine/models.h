#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/trainer.h>

#include "engine/model/impl.h"
#include "engine/model/sections.h"
#include "tests/engine/data.h"
#include "tests/engine/model_file_test.h"

namespace glissade::test {

using model_file::TemporaryFolder;

/// What the value is, or a failed test that shows the message.
template <class T>
T must(Result<T> result) {
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.ok());
  return std::move(result).value();
}

inline void must(const Result<void>& result) {
  INFO((result ? std::string() : result.error().message));
  REQUIRE(result.ok());
}

/// Small and quick to learn. One thread.
inline Config small_config() {
  Config config;
  config.hidden = {16};
  config.active = 24;
  config.k = 4;
  config.tables = 6;
  config.rehash_period = 96;
  config.batch = 32;
  config.epochs = 4;
  config.learning_rate = 0.02;
  config.warmup = 0.05;
  config.threads = 1;
  config.seed = 7;
  return config;
}

inline Model make_model(const Config& config, const Data& data) {
  return must(Model::create(config, {data.features, data.labels}));
}

/// Mean loss of each epoch.
inline std::vector<double> train(Model& model, const Data& data, std::uint32_t epochs) {
  Trainer trainer = must(Trainer::create(model, data.size()));
  std::vector<double> losses;
  for (std::uint32_t i = 0; i < epochs; ++i) losses.push_back(must(trainer.train_epoch(data.view())).loss);
  return losses;
}

/// The model file as bytes.
inline std::string saved(const Model& model, bool with_training_state = true) {
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd"), with_training_state));
  return model_file::get(folder.file("m.glsd"));
}

/// All weights and biases as floats, exact, layer after layer; rows without their padding.
inline std::vector<float> all_weights(const Model& model) {
  std::vector<float> all;
  for_each_layer(model.impl().network, [&](std::uint32_t, const ParameterRows& rows) {
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      all.resize(all.size() + rows.width());
      rows.read(row, all.data() + all.size() - rows.width());
    }
    all.insert(all.end(), rows.bias.data(), rows.bias.data() + rows.bias.size());
  });
  return all;
}

/// Every weight and bias drawn from [-limit, limit]; so that no unit sits on the kink of the ReLU and no bias is 0.
inline void scatter_weights(Model& model, double limit, std::uint64_t seed) {
  hashing::Random random(hashing::mix(seed));
  const auto draw = [&] { return static_cast<float>((2.0 * random.unit() - 1.0) * limit); };
  for_each_layer(model.impl().network, [&](std::uint32_t, ParameterRows& rows) {
    std::vector<float> values(rows.width());
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      for (float& value : values) value = draw();
      rows.write(row, values.data());
      if (!rows.bias.empty()) rows.bias[row] = draw();
    }
  });
}

}  // namespace glissade::test
