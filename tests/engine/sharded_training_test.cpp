// A model whose rows several ranks share out: the same losses and weights as those of one process, whatever the number of ranks.

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <glissade/options.h>

#include "engine/model/access.h"
#include "tests/engine/models.h"
#include "tests/engine/thread_transport.h"
#include "tests/engine/weights_distance.h"

namespace glissade::test {
namespace {

/// What a rank has in the end.
struct ShardOutcome {
  std::vector<double> losses, precision;
  std::vector<float> weights;
  std::vector<std::uint64_t> sent;
  std::string error;
  std::uint64_t step = 0;
  double active_share = 0;
  std::uint64_t features = 0, labels = 0;  ///< rows of this rank
};

struct ShardRun {
  int ranks = 2;
  std::uint32_t epochs = 2;
  std::function<PassCallbacks(int rank)> callbacks = {};
};

/// The weights of all ranks, from the files that they write.
std::vector<float> weights_of_all(Communicator& ranks, Model& model, const TemporaryFolder& folder) {
  if (!model.is_shard()) return all_weights(model);
  if (ranks.rank() > 0) {
    got(model.answer());
    return {};
  }
  must(model.save(folder.file("m.glsd")));
  must(model.tell({}));
  return all_weights(must(Model::load(folder.file("m.glsd"), LoadFor::training)));
}

std::vector<ShardOutcome> train_shards(const ShardRun& run, const Config& config, const Data& data) {
  std::vector<ShardOutcome> outcomes(static_cast<std::size_t>(run.ranks));
  const TemporaryFolder folder;
  ThreadRanks(run.ranks).run([&](Communicator& ranks) {
    ShardOutcome& outcome = outcomes[static_cast<std::size_t>(ranks.rank())];
    auto model = Model::create_shard(ranks, config, {data.features, data.labels});
    auto trainer = Trainer::create_among(ranks, *model, data.size(), {.distribution = Distribution::labels});
    if (!trainer) {
      outcome.error = trainer.error().message;
      return;
    }
    for (std::uint32_t epoch = 0; epoch < run.epochs; ++epoch) {
      const auto report = trainer->train_epoch(data.view(), run.callbacks ? run.callbacks(ranks.rank()) : PassCallbacks());
      if (!report) {
        outcome.error = report.error().message;
        break;
      }
      outcome.losses.push_back(report->loss);
      outcome.precision.push_back(report->precision_at_1);
      outcome.active_share = report->active_share;
      if (!report->ranks.empty()) outcome.sent.push_back(report->ranks[static_cast<std::size_t>(ranks.rank())].bytes_sent);
    }
    outcome.step = model->step();
    outcome.weights = weights_of_all(ranks, *model, folder);
    outcome.features = impl_of(*model).network.input.rows.rows();
    outcome.labels = impl_of(*model).network.output.rows();
  });
  return outcomes;
}

Data sharded_data() { return planted_data(4 * 48 + 6, 80, 90, 5); }

Config sharded_config() {
  Config config = small_config();
  config.network.storage = Storage::fp32;
  config.network.hidden = {16};
  config.training.batch = 48;
  config.training.hidden_dropout = 0.2;
  config.training.feature_dropout = 0.1;
  config.active_set.scope = Scope::shared;
  return config;
}

void check_shards_alike(const Config& config, const Data& data) {
  Model model = make_model(config, data);
  const std::vector<float> start = all_weights(model);
  std::vector<double> losses, precision;
  auto trainer = Trainer::create(model, data.size());
  for (int epoch = 0; epoch < 2; ++epoch) {
    const auto report = trainer->train_epoch(data.view());
    REQUIRE(report);
    losses.push_back(report->loss);
    precision.push_back(report->precision_at_1);
  }
  const std::vector<float> weights = all_weights(model);
  const double moved = distance_of(weights, start);
  REQUIRE(moved > 0.1);
  for (const int ranks : {1, 2, 3, 4}) {
    CAPTURE(ranks);
    const auto outcomes = train_shards({ranks}, config, data);
    for (const ShardOutcome& outcome : outcomes) {
      REQUIRE(outcome.error == "");
      CHECK(outcome.step == model.step());
      for (std::size_t i = 0; i < losses.size(); ++i) {
        CHECK(outcome.losses[i] == Approx(losses[i]).epsilon(1e-4));
        CHECK(outcome.precision[i] == Approx(precision[i]).margin(0.03));
      }
    }
    CHECK(distance_of(outcomes[0].weights, weights) < 2e-3 * moved);
    std::uint64_t features = 0, labels = 0;
    for (const ShardOutcome& outcome : outcomes) {
      CHECK(outcome.features <= data.features / static_cast<unsigned>(ranks) + 1);
      CHECK(outcome.labels <= data.labels / static_cast<unsigned>(ranks) + 1);
      features += outcome.features;
      labels += outcome.labels;
    }
    CHECK(features == data.features);
    CHECK(labels == data.labels);
  }
}

}  // namespace

TEST_CASE("ranks that share the rows out train what one process trains, with every sampler that draws", "[unit]") {
  using enum SamplerKind;
  Config config = sharded_config();
  config.active_set.sampler = GENERATE(uniform, frequency, in_batch, full);
  config.active_set.scope = GENERATE(Scope::shared, Scope::sample);
  config.network.loss = GENERATE(LossKind::softmax, LossKind::bce, LossKind::decoupled);
  CAPTURE(static_cast<int>(config.network.loss), static_cast<int>(config.active_set.scope));
  check_shards_alike(config, sharded_data());
}

TEST_CASE("ranks that share out rows of few connections train what one process trains", "[unit]") {
  Config config = sharded_config();
  config.network.hidden = {128};
  config.connections.density = 0.15;
  config.connections.layers = GENERATE(SparseLayers::output, SparseLayers::all);
  config.network.start = GENERATE(Start::random, Start::centroids);
  config.active_set.sampler = SamplerKind::uniform;
  check_shards_alike(config, sharded_data());
}

TEST_CASE("ranks that look for rows among their own learn as well as one process", "[unit]") {
  using enum SamplerKind;
  Config config = sharded_config();
  config.active_set.sampler = GENERATE(lsh, lsh_topk, lsh_threshold, lsh_label, lsh_learned, exact);
  config.active_set.scope = GENERATE(Scope::shared, Scope::sample);
  config.network.loss = GENERATE(LossKind::softmax, LossKind::bce);
  CAPTURE(to_text(config));
  const Data data = planted_data(8 * 48, 80, 90, 5);
  const auto alone = train_shards({1, 6}, config, data);
  for (const int ranks : {2, 3}) {
    CAPTURE(ranks);
    const auto outcomes = train_shards({ranks, 6}, config, data);
    for (const ShardOutcome& outcome : outcomes) {
      REQUIRE(outcome.error == "");
      CHECK(outcome.losses == outcomes[0].losses);
      CHECK(outcome.losses.back() == Approx(alone[0].losses.back()).epsilon(0.15));
      CHECK(outcome.active_share == Approx(alone[0].active_share).epsilon(0.1));
    }
    const auto learned = [](const ShardOutcome& outcome) { return outcome.losses.front() - outcome.losses.back(); };
    CHECK(learned(outcomes[0]) > 0.8 * learned(alone[0]));
    CHECK(learned(alone[0]) > 0.05);
    CHECK(outcomes[0].weights == train_shards({ranks, 6}, config, data)[0].weights);
  }
}

TEST_CASE(
    "ranks that share the rows out: several hidden layers, optimisers, weights of labels, gradients that wait, some connections",
    "[unit]") {
  Config config = sharded_config();
  const int variant = GENERATE(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  CAPTURE(variant);
  if (variant == 0) config.network.hidden = {16, 12};
  if (variant == 1) config.optimizer.kind = OptimizerKind::adagrad;
  if (variant == 2) config.network.label_weights = LabelWeights::propensity;
  if (variant == 3) config.optimizer.second_moment = SecondMoment::row;
  if (variant == 4) config.training.accumulate = 2;
  if (variant == 5) config.training.parts = 3;
  if (variant == 6) {
    config.network.hidden = {16, 12};
    config.optimizer.clip_norm = 0.01;
  }
  if (variant == 7) {
    config.training.batch = 96;
    config.training.reference_batch = 32;
  }
  if (variant >= 8) {
    config.connections.density = 0.5;
    config.connections.period = 3;
    config.connections.topology = variant == 8 ? Topology::fixed : Topology::set;
  }
  check_shards_alike(config, sharded_data());
}

TEST_CASE("ranks that share the rows out send sums of the hidden layer, whatever the number of labels", "[unit]") {
  const Config config = sharded_config();
  const auto few = train_shards({2, 1}, config, planted_data(96, 80, 90, 5));
  const auto many = train_shards({2, 1}, config, planted_data(96, 800, 900, 5));
  REQUIRE(few[1].sent.size() == 1);
  // Two steps of 48 samples: the sums of 48 x 32 floats and as many gradients, half of each twice; normalisers and best rows.
  const std::uint64_t numbers = 2 * (2 * 48 * 32 + 48 + 2 * (2 * 6 + 6));
  CHECK(few[1].sent[0] > 4 * numbers);
  CHECK(few[1].sent[0] < 5 * numbers);
  CHECK(many[1].sent[0] < 5 * numbers);
}

TEST_CASE("ranks that share the rows out stop after the same step", "[unit]") {
  const Config config = sharded_config();
  const Data data = sharded_data();
  ShardRun run{3, 1};
  run.callbacks = [](int rank) {
    PassCallbacks callbacks;
    callbacks.after_step = [rank, steps = 0]() mutable { return rank != 2 || ++steps < 2; };
    return callbacks;
  };
  const auto outcomes = train_shards(run, config, data);
  for (const ShardOutcome& outcome : outcomes) {
    CHECK(outcome.error == "");
    CHECK(outcome.step == outcomes[0].step);
  }
  CHECK(outcomes[0].step == 3);  // the wish of the second step is known to all in the third
}

TEST_CASE("what cannot be shared out by labels is refused in one line", "[unit]") {
  const Data data = sharded_data();
  const auto message = [&](const std::function<void(Config&)>& change) {
    Config config = sharded_config();
    change(config);
    return train_shards({2, 1}, config, data)[1].error;
  };
  CHECK(message([](Config& config) { config.active_set.fused = false; }) ==
        "option 'fused': products by oneDNN cannot be shared out by labels; leave it on, or use --distribute data");
  CHECK(message([](Config& config) {
          config.connections.density = 0.5;
          config.connections.block = 4;
        }) ==
        "option 'topology-block': label rows that share connections cannot be shared out by labels; use 1, or use --distribute "
        "data");
  CHECK(message([](Config&) {}) == "");
}

}  // namespace glissade::test
