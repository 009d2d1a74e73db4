// Steps of more samples than the learning rate is for.

#include "engine/training/batch_scaling.h"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <vector>

#include "engine/training/learning_rate.h"
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

TEST_CASE("a step of k times the reference has Adam's memories in samples", "[unit]") {
  const Config config = config_of_batch(48);
  CHECK(optimizer_for(config, 48).beta1 == Approx(0.0625));
  CHECK(optimizer_for(config, 48).beta2 == Approx(0.6561));
  CHECK(optimizer_for(config, 24).beta1 == Approx(0.25));  // the last step of an epoch
  CHECK(optimizer_for(config, 5).beta1 == 0.5);
}

TEST_CASE("the rate of k times the reference is k^(1/8) times the config's, and more where steps are few", "[unit]") {
  const Config config = config_of_batch(48);            // rate 0.02
  CHECK(top_rate(config, 1000) == Approx(0.02378414));  // 4^(1/8)
  CHECK(top_rate(config, 50) == Approx(0.04));          // 2 / 50
  CHECK(top_rate(config, 3) == Approx(0.08));           // 4 times
  CHECK(learning_rate(config, 2, 40) == Approx(0.05));  // the end of the warm-up
}

TEST_CASE("batches that are accumulated count as the step that they make", "[unit]") {
  Config config = config_of_batch(12);
  config.training.accumulate = 4;
  CHECK(top_rate(config, 1000) == top_rate(config_of_batch(48), 1000));
  CHECK(optimizer_for(config, 48).beta1 == Approx(0.0625));
}

TEST_CASE("a step that is not larger than the reference is as the config says", "[unit]") {
  Config config = config_of_batch(12);
  for (const std::uint64_t samples : {12, 1000}) CHECK(optimizer_for(config, samples).beta1 == 0.5);  // train_step() takes any
  CHECK(top_rate(config, 3) == 0.02);
  config = config_of_batch(48);
  config.training.reference_batch = 0;
  CHECK(top_rate(config, 3) == 0.02);
  CHECK(optimizer_for(config, 48).beta2 == 0.9);
}

TEST_CASE("Adagrad has a higher rate, whatever the steps", "[unit]") {
  const Config config = config_of_batch(48, OptimizerKind::adagrad);
  CHECK(top_rate(config, 1000) == Approx(0.02378414));
  CHECK(top_rate(config, 3) == Approx(0.02378414));
  CHECK(optimizer_for(config, 48).beta2 == 0.9);
}

TEST_CASE("momentum and plain descent keep their numbers", "[unit]") {
  const Config config = config_of_batch(48, GENERATE(OptimizerKind::momentum, OptimizerKind::sgd));
  CHECK(top_rate(config, 3) == 0.02);
  CHECK(optimizer_for(config, 48).beta1 == 0.5);
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
  config.optimizer.learning_rate = 0.08;  // 4 times, as 16 steps are few
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
