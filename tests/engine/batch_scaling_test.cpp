// Steps of more samples than the learning rate is for.

#include "engine/training/batch_scaling.h"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <vector>

#include "tests/engine/golden.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

Config config_of_batch(std::uint32_t batch, OptimizerKind kind = OptimizerKind::adam) {
  Config config = small_config();
  config.optimizer.kind = kind;
  config.optimizer.beta1 = 0.5;
  config.optimizer.beta2 = 0.9;
  config.training.batch = batch;
  config.training.reference_batch = 12;
  return config;
}

/// Whole steps of 48 samples.
Data whole_steps() { return planted_data(4 * 48, 80, 90, 5); }

}  // namespace

TEST_CASE("a step of k times the reference has Adam's memories in samples, and a rate of k^0.4", "[unit]") {
  const Config config = config_of_batch(48);
  const BatchScaling four = batch_scaling(config, 48);
  CHECK(four.rate == Approx(1.7411011));  // 4^0.4
  CHECK(four.optimizer.beta1 == Approx(0.0625));
  CHECK(four.optimizer.beta2 == Approx(0.6561));
  const BatchScaling two = batch_scaling(config, 24);  // the last step of an epoch
  CHECK(two.rate == Approx(1.3195079));
  CHECK(two.optimizer.beta1 == Approx(0.25));
  const BatchScaling less = batch_scaling(config, 5);
  CHECK(less.rate == 1);
  CHECK(less.optimizer.beta1 == 0.5);
}

TEST_CASE("batches that are accumulated count as the step that they make", "[unit]") {
  Config config = config_of_batch(12);
  config.training.accumulate = 4;
  CHECK(batch_scaling(config, 48).rate == batch_scaling(config_of_batch(48), 48).rate);
}

TEST_CASE("a step that is not larger than the reference is as the config says", "[unit]") {
  Config config = config_of_batch(12);
  CHECK(batch_scaling(config, 12).rate == 1);
  CHECK(batch_scaling(config, 12).optimizer.beta1 == 0.5);
  CHECK(batch_scaling(config, 1000).rate == 1);  // train_step() takes any batch
  config = config_of_batch(48);
  config.training.reference_batch = 0;
  CHECK(batch_scaling(config, 48).rate == 1);
  CHECK(batch_scaling(config, 48).optimizer.beta2 == 0.9);
}

TEST_CASE("other optimisers than Adam keep their numbers", "[unit]") {
  const auto kind = GENERATE(OptimizerKind::adagrad, OptimizerKind::momentum, OptimizerKind::sgd);
  const BatchScaling four = batch_scaling(config_of_batch(48, kind), 48);
  CHECK(four.rate == 1);
  CHECK(four.optimizer.beta1 == 0.5);
}

TEST_CASE("pieces are equal and no larger than the reference", "[unit]") {
  Config::Training training;
  training.reference_batch = 512;
  for (const auto& [batch, pieces, samples] : {std::array{1u, 1u, 1u}, std::array{512u, 1u, 512u}, std::array{513u, 2u, 257u},
                                               std::array{1536u, 3u, 512u}, std::array{1048576u, 2048u, 512u}}) {
    training.batch = batch;
    CHECK(training.pieces() == pieces);
    CHECK(training.piece_samples() == samples);
  }
  training.reference_batch = 0;
  CHECK(training.pieces() == 1);
  CHECK(training.piece_samples() == 1048576);
}

TEST_CASE("a large batch is as many batches of the reference that are accumulated, to the bit", "[unit]") {
  const Data data = whole_steps();
  const auto weights_of = [&](const Config& config) {
    Model model = make_model(config, data);
    train(model, data, 2);
    CHECK(model.step() == 8);
    return all_weights(model);
  };
  const std::vector<float> large = weights_of(config_of_batch(48));
  Config config = config_of_batch(12);
  config.training.accumulate = 4;
  CHECK((weights_of(config) == large));
  // With one piece all samples share a set, and a step is another one.
  config = config_of_batch(48);
  config.training.reference_batch = 0;
  CHECK((weights_of(config) != large));
}

TEST_CASE("a large step moves by the scaled rate and betas", "[unit]") {
  const Data data = whole_steps();
  Config config = config_of_batch(48);
  Model scaled = make_model(config, data);
  const auto losses = train(scaled, data, 2);
  config = config_of_batch(12);
  config.training.accumulate = 4;
  config.training.reference_batch = 0;
  config.optimizer.learning_rate *= std::pow(4, 0.4);
  config.optimizer.beta1 = std::pow(0.5, 4);
  config.optimizer.beta2 = std::pow(0.9, 4);
  Model by_hand = make_model(config, data);
  const auto same = train(by_hand, data, 2);
  for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == Approx(same[i]).epsilon(1e-6));
}

TEST_CASE("training of a large batch goes on after loading as if it had not been stopped", "[unit]") {
  const Data data = whole_steps();
  const TemporaryFolder folder;
  Model model = make_model(config_of_batch(48), data);
  train(model, data, 1);
  must(model.save(folder.file("m.glsd")));
  Model loaded = must(Model::load(folder.file("m.glsd"), LoadFor::training));
  CHECK(loaded.config().training.reference_batch == 12);
  train(model, data, 1);
  train(loaded, data, 1);
  CHECK((all_weights(loaded) == all_weights(model)));
}

TEST_CASE("models of versions that did not know the reference take batches as they are", "[unit]") {
  const Model model = must(Model::load(golden("model_v1.glsd"), LoadFor::training));
  CHECK(model.config().training.reference_batch == 0);
}

}  // namespace glissade::test
