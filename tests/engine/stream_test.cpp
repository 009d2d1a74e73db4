// Learning from batches that come one after another, without epochs.
#include <catch2/catch.hpp>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

Config stream_config() {
  Config config = small_config();
  config.schedule.warmup = 0.5;  // of no steps at all: means nothing here
  return config;
}

std::vector<double> losses(Model& model, const StreamOptions& options, const Data& data, int steps) {
  Trainer trainer = must(Trainer::for_stream(model, options));
  std::vector<double> all;
  all.reserve(static_cast<std::size_t>(steps));
  for (int i = 0; i < steps; ++i) all.push_back(must(trainer.train_step(data.view())).loss);
  return all;
}

}  // namespace

TEST_CASE("a stream's learning rate stays up", "[unit]") {
  const Data data = planted_data(32, 60, 40, 4);
  Config config = stream_config();
  config.optimizer.kind = OptimizerKind::sgd;
  config.active_set.sampler = SamplerKind::full;
  config.network.storage = Storage::fp32;
  config.optimizer.learning_rate = 0.5;
  Model model = make_model(config, data);
  const auto all = losses(model, {.learning_rate = 0, .warmup_steps = 0}, data, 300);
  CHECK(all.back() < 0.3 * all.front());
  // Plain steps at the rate of the config: the same as epochs of one batch whose rate does not fall.
  config.schedule.decay = DecayKind::none;
  config.schedule.warmup = 0;
  config.training.epochs = 3;
  Model epochs = make_model(config, data), steps = make_model(config, data);
  train(epochs, data, 3);
  losses(steps, {.learning_rate = 0.5, .warmup_steps = 0}, data, 3);
  const auto a = all_weights(steps), b = all_weights(epochs);  // an epoch's batch has its samples in another order
  for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(a[i] == Approx(b[i]).margin(1e-4));
}

TEST_CASE("a stream's rate rises over the steps of its warm-up, also when it goes on from a file", "[unit]") {
  const Data data = planted_data(32, 60, 40, 4);
  Config config = stream_config();
  Model model = make_model(config, data);
  const auto before = all_weights(model);
  Trainer trainer = must(Trainer::for_stream(model, {.learning_rate = 0.1, .warmup_steps = 1000}));
  must(trainer.train_step(data.view()));
  double moved = 0;
  const auto after = all_weights(model);
  for (std::size_t i = 0; i < after.size(); ++i) moved = std::max(moved, std::abs(double{after[i]} - before[i]));
  CHECK(moved > 0);
  CHECK(moved < 0.001);
}

TEST_CASE("each step of a stream counts its labels, and draws by frequency follow", "[unit]") {
  Data data{20, 500, {}, {}};
  for (int i = 0; i < 16; ++i) {
    data.x.add(std::vector<std::uint32_t>{static_cast<std::uint32_t>(i)}, std::vector<float>{1.f});
    data.y.add(std::vector<std::uint32_t>{static_cast<std::uint32_t>(3 * i)});
  }
  Config config = stream_config();
  config.active_set.sampler = SamplerKind::frequency;
  config.active_set.frequency_power = 2;
  config.active_set.size = 40;
  Model counted = make_model(config, data), uncounted = make_model(config, data);
  CHECK(counted.label_counts().empty());
  losses(counted, {}, data, 30);
  REQUIRE(counted.label_counts().size() == 500);
  CHECK(counted.label_counts()[3] == 30);
  CHECK(counted.label_counts()[4] == 0);
  CHECK(counted.training_samples() == 30 * 16);
  // With (count + 1)^2 nearly all draws are labels that are active anyway, so that other rows are hardly touched.
  config.active_set.frequency_power = 0;
  Model uniform = must(Model::create(config, {20, 500}));
  losses(uniform, {}, data, 30);
  const auto touched = [](const Model& model) {
    const ParameterRows& rows = impl_of(model).network.output;
    std::size_t count = 0;
    for (std::size_t row = 0; row < rows.rows(); ++row) count += rows.row_steps[row] != 0 ? 1 : 0;
    return count;
  };
  CHECK(touched(counted) < touched(uniform));
}

TEST_CASE("weights of rare labels follow the counts of a stream", "[unit]") {
  const Data data = planted_data(64, 60, 40, 4);
  Config config = stream_config();
  Model equal = make_model(config, data);
  config.network.label_weights = LabelWeights::propensity;
  Model weighted = make_model(config, data);
  losses(equal, {}, data, 5);
  losses(weighted, {}, data, 5);
  CHECK(all_weights(equal) != all_weights(weighted));
}

TEST_CASE("weights follow once the labels of a tenth of all samples are new", "[unit]") {
  const Data many = planted_data(80, 60, 40, 4), few = planted_data(4, 60, 40, 5);
  Config config = stream_config();
  config.network.label_weights = LabelWeights::propensity;
  config.active_set.sampler = SamplerKind::full;
  config.optimizer.learning_rate = 0;  // a loss changes with the weights alone
  Model model = make_model(config, many);
  Trainer trainer = must(Trainer::for_stream(model, {}));
  must(trainer.train_step(many.view()));
  const double first = must(trainer.train_step(few.view())).loss;  // 4 of 84 samples are new
  CHECK(must(trainer.train_step(few.view())).loss == first);       // 8 of 88
  CHECK(must(trainer.train_step(few.view())).loss != first);       // 12 of 92
}

TEST_CASE("what a stream cannot give is refused when its trainer is made", "[unit]") {
  const Data data = planted_data(200, 60, 40, 4);
  const auto refusal = [&](const auto& change, const StreamOptions& options = {}) {
    Config config = stream_config();
    change(config);
    Model model = make_model(config, data);
    const auto trainer = Trainer::for_stream(model, options);
    return trainer ? std::string() : trainer.error().message;
  };
  CHECK(refusal([](Config&) {}).empty());
  CHECK(refusal([](Config& c) { c.network.start = Start::centroids; }) ==
        "option 'start': centroids need a data set, which is not there in a stream; use start random, or train an epoch first");
  CHECK(refusal([](Config& c) { c.schedule.average = 0.5; }) ==
        "option 'average': there is no last part of the steps in a stream; use average 0");
  CHECK(refusal([](Config& c) { c.active_set.correction = Correction::rising; }) ==
        "option 'correction': there is no end to rise to in a stream; use correction on or off");
  CHECK(refusal([](Config& c) { c.training.batches = BatchKind::similar; }) ==
        "option 'batches': batches are the caller's in a stream; use batches shuffled");
  CHECK(refusal([](Config& c) { c.candidates.neighbours = 5; }) ==
        "option 'fan-in, neighbours': sparse paths are built from a data set, which is not there in a stream; train an epoch "
        "first, or use fan-in 0 and neighbours 0");
  CHECK(refusal([](Config&) {}, {.learning_rate = -1}) == "StreamOptions::learning_rate: -1 is out of range; allowed: 0 or more");
  Model model = make_model(stream_config(), data);
  CHECK(Trainer::create(model, 0).error().message ==
        "Trainer::create wants the samples of an epoch, at least 1, for its schedules; use Trainer::for_stream to learn from a "
        "stream");
  // Paths that a data set has built stay as they are while the hidden path learns on.
  Config config = stream_config();
  config.candidates.neighbours = 5;
  Model both = make_model(config, data);
  train(both, data, 1);
  const std::size_t kept = impl_of(both).paths.neighbours.samples.rows();
  Trainer trainer = must(Trainer::for_stream(both));
  must(trainer.train_step(data.view()));
  CHECK(impl_of(both).paths.neighbours.samples.rows() == kept);
}

}  // namespace glissade::test
