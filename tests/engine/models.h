#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/trainer.h>

#include "engine/model/access.h"
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
  config.network.hidden = {16};
  config.active_set.size = 24;
  config.active_set.correction = Correction::on;
  config.hash_tables.k = 4;
  config.hash_tables.count = 6;
  config.rehash.period = 96;
  config.training.batch = 32;
  config.training.epochs = 4;
  config.optimizer.learning_rate = 0.02;
  config.schedule.warmup = 0.05;
  config.run.threads = 1;
  config.run.seed = 7;
  return config;
}

/// A way to keep weights and optimiser state, with a rate at which it learns small problems.
struct Mode {
  const char* name;
  Storage storage;
  OptimizerKind optimizer;
  MomentType moments;
  SecondMoment second_moment;
  double learning_rate;

  void apply(Config& config) const {
    config.network.storage = storage;
    config.optimizer.kind = optimizer;
    config.optimizer.moments = moments;
    config.optimizer.second_moment = second_moment;
    config.optimizer.learning_rate = learning_rate;
  }
  bool rounds() const {
    const bool keeps_moments = optimizer == OptimizerKind::adam || optimizer == OptimizerKind::momentum;
    return storage == Storage::bf16 || (keeps_moments && moments == MomentType::bf16);
  }
};

/// Every storage, every optimiser, every kind of state.
inline const std::vector<Mode>& modes() {
  using enum OptimizerKind;
  using S = Storage;
  using M = MomentType;
  using V = SecondMoment;
  static const std::vector<Mode> all = {
      {"fp32 adam", S::fp32, adam, M::fp32, V::element, 0.02},
      {"fp32 adam, bf16 moments", S::fp32, adam, M::bf16, V::element, 0.02},
      {"mixed adam", S::bf16_mixed, adam, M::fp32, V::element, 0.02},
      {"mixed adam, bf16 moments", S::bf16_mixed, adam, M::bf16, V::element, 0.02},
      {"mixed adam, v per row", S::bf16_mixed, adam, M::fp32, V::row, 0.02},
      {"mixed adam, bf16 m, v per row", S::bf16_mixed, adam, M::bf16, V::row, 0.02},
      {"bf16 adam", S::bf16, adam, M::fp32, V::element, 0.02},
      {"bf16 adam, bf16 m, v per row", S::bf16, adam, M::bf16, V::row, 0.02},
      {"fp32 adagrad", S::fp32, adagrad, M::fp32, V::element, 0.1},
      {"mixed adagrad", S::bf16_mixed, adagrad, M::fp32, V::element, 0.1},
      {"bf16 adagrad", S::bf16, adagrad, M::fp32, V::element, 0.1},
      {"fp32 momentum", S::fp32, momentum, M::fp32, V::element, 1},
      {"mixed momentum, bf16 m", S::bf16_mixed, momentum, M::bf16, V::element, 1},
      {"bf16 sgd", S::bf16, sgd, M::fp32, V::element, 2},
  };
  return all;
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
  for_each_layer(impl_of(model).network, [&](std::uint32_t, const ParameterRows& rows) {
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
  for_each_layer(impl_of(model).network, [&](std::uint32_t, ParameterRows& rows) {
    std::vector<float> values(rows.width());
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      for (float& value : values) value = draw();
      rows.write(row, values.data());
      if (!rows.bias.empty()) rows.bias[row] = draw();
    }
  });
}

/// A model whose output rows lie in 64 clusters, as trained ones do, with biases. In a cluster they differ by `spread`.
inline Model model_of_clusters(Config config, const Shape& shape, std::uint32_t width, float spread) {
  config.network.hidden = {width};
  Model model = must(Model::create(config, shape));
  scatter_weights(model, 0.5, 3);
  ParameterRows& output = impl_of(model).network.output;
  hashing::Random random(11);
  std::vector<float> centres(std::size_t{64} * width), row(width);
  for (float& value : centres) value = static_cast<float>(2 * random.unit() - 1);
  for (std::uint32_t label = 0; label < shape.labels; ++label) {
    const std::size_t centre = random.below(64);
    for (std::size_t d = 0; d < width; ++d)
      row[d] = centres[centre * width + d] + spread * static_cast<float>(2 * random.unit() - 1);
    output.write(label, row.data());
    output.bias[label] = static_cast<float>(-2 * random.unit());
  }
  return model;
}

}  // namespace glissade::test
