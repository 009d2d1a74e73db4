// Steps that several ranks share: the same model on all of them, and the one that one process makes of the same parts.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/engine/models.h"
#include "tests/engine/thread_transport.h"
#include "tests/engine/weights_distance.h"

namespace glissade::test {
namespace {

/// What a rank has in the end.
struct Outcome {
  std::vector<double> losses;
  std::vector<float> weights;
  std::string bytes;
  std::string error;
  std::uint64_t step = 0;
  std::uint64_t bytes_sent = 0;
};

struct SharedRun {
  int ranks = 2;
  std::uint32_t epochs = 2;
  std::function<void(int rank, Model& model)> before = {};
  std::function<PassCallbacks(int rank, Model& model)> callbacks = {};
  Sharing sharing = {};
};

std::vector<Outcome> train_among(const SharedRun& run, const Config& config, const Data& data) {
  std::vector<Outcome> outcomes(static_cast<std::size_t>(run.ranks));
  ThreadRanks(run.ranks).run([&](Communicator& ranks) {
    Outcome& outcome = outcomes[static_cast<std::size_t>(ranks.rank())];
    auto model = Model::create(config, {data.features, data.labels});
    if (run.before) run.before(ranks.rank(), *model);
    auto trainer = Trainer::create_among(ranks, *model, data.size(), run.sharing);
    if (!trainer) {
      outcome.error = trainer.error().message;
      return;
    }
    for (std::uint32_t epoch = 0; epoch < run.epochs; ++epoch) {
      const auto report =
          trainer->train_epoch(data.view(), run.callbacks ? run.callbacks(ranks.rank(), *model) : PassCallbacks());
      if (!report) {
        outcome.error = report.error().message;
        break;
      }
      outcome.losses.push_back(report->loss);
      outcome.bytes_sent += report->ranks[0].bytes_sent;
    }
    outcome.step = model->step();
    outcome.weights = all_weights(*model);
    const TemporaryFolder folder;
    if (const auto saved = model->save(folder.file("m.glsd")); !saved) outcome.error = saved.error().message;
    outcome.bytes = model_file::get(folder.file("m.glsd"));
  });
  return outcomes;
}

Outcome train_alone(const Config& config, const Data& data, std::uint32_t epochs) {
  Model model = make_model(config, data);
  Outcome outcome;
  outcome.losses = train(model, data, epochs);
  outcome.weights = all_weights(model);
  outcome.step = model.step();
  return outcome;
}

/// 5 steps an epoch, of 12 parts; the last step has one whole part and a piece of one.
Data shared_data() { return planted_data(4 * 48 + 6, 80, 90, 5); }

Config shared_config() {
  Config config = small_config();
  config.network.storage = Storage::fp32;
  config.network.hidden = {16, 12};
  config.training.batch = 48;
  config.training.parts = 12;
  config.training.hidden_dropout = 0.2;
  config.training.feature_dropout = 0.1;
  return config;
}

void check_alike(const Config& config, const Data& data, std::uint32_t epochs = 2) {
  const Outcome alone = train_alone(config, data, epochs);
  const std::vector<float> start = all_weights(make_model(config, data));
  for (const int ranks : {2, 3, 4}) {
    CAPTURE(ranks);
    const auto outcomes = train_among({ranks, epochs}, config, data);
    for (const Outcome& outcome : outcomes) {
      REQUIRE(outcome.error == "");
      REQUIRE((outcome.bytes == outcomes[0].bytes));
      CHECK(outcome.step == alone.step);
      for (std::size_t i = 0; i < outcome.losses.size(); ++i) CHECK(outcome.losses[i] == Approx(alone.losses[i]).epsilon(1e-4));
      const double moved = distance_of(alone.weights, start);
      REQUIRE(moved > 0.1);
      CHECK(distance_of(outcome.weights, alone.weights) < 2e-3 * moved);
    }
  }
}

}  // namespace

TEST_CASE("ranks train what one process trains in the same parts, with every sampler", "[unit]") {
  using enum SamplerKind;
  const auto sampler = GENERATE(uniform, frequency, in_batch, exact, lsh, lsh_topk, lsh_label, lsh_learned, full);
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  CAPTURE(static_cast<int>(sampler), static_cast<int>(scope));
  Config config = shared_config();
  config.active_set.sampler = sampler;
  config.active_set.scope = scope;
  check_alike(config, shared_data());
}

TEST_CASE("ranks share batches that are accumulated, and gradients that are shortened", "[unit]") {
  Config config = shared_config();
  config.training.parts = 2;
  config.training.accumulate = 2;
  config.training.batch = 24;
  config.optimizer.clip_norm = 0.05;
  config.network.loss = GENERATE(LossKind::softmax, LossKind::bce);
  check_alike(config, shared_data());
}

TEST_CASE("ranks that read block by block read their own blocks, and train what one process trains", "[unit]") {
  /// Which rows were ever fetched.
  struct Fetched : RowPager {
    explicit Fetched(std::size_t rows) : rows(rows, 0) {}
    void fetch(std::size_t begin, std::size_t end) const noexcept override {
      const std::lock_guard lock(mutex);
      std::fill(rows.begin() + static_cast<std::ptrdiff_t>(begin), rows.begin() + static_cast<std::ptrdiff_t>(end), 1);
    }
    void release(std::size_t, std::size_t) const noexcept override {}
    mutable std::mutex mutex;
    mutable std::vector<char> rows;
  };
  Config config = shared_config();
  config.training.parts = 4;
  config.training.shuffle_block = 16;
  const Data data = planted_data(16 * 8 * 4 + 6, 80, 90, 5);
  check_alike(config, data);
  const std::vector<double> losses = train_alone(config, data, 1).losses;
  for (const int size : {2, 4}) {
    CAPTURE(size);
    std::vector<double> shares(static_cast<std::size_t>(size)), found(static_cast<std::size_t>(size));
    ThreadRanks(size).run([&](Communicator& ranks) {
      const auto rank = static_cast<std::size_t>(ranks.rank());
      Model model = got(Model::create(config, {data.features, data.labels}));
      const Fetched pager(data.size());
      auto trainer = got(Trainer::create_among(ranks, model, data.size()));
      trainer.read_through(&pager);
      found[rank] = got(trainer.train_epoch(data.view())).loss;
      shares[rank] = static_cast<double>(std::ranges::count(pager.rows, 1)) / static_cast<double>(data.size());
    });
    for (const double loss : found) CHECK(loss == Approx(losses[0]).epsilon(1e-4));
    double sum = 0;
    for (const double share : shares) sum += share;
    CHECK(sum >= 1);
    CHECK(sum < 1.7);  // a block may be two ranks'
    for (const double share : shares) CHECK(share < 1.8 / size);
  }
}

TEST_CASE("ranks share the pieces of a large batch", "[unit]") {
  Config config = shared_config();
  config.training.reference_batch = 12;
  config.training.parts = 1;
  REQUIRE(config.training.pieces() == 4);
  check_alike(config, shared_data());
}

TEST_CASE("ranks build and weigh the same sparse paths, and average the same steps", "[unit]") {
  Config config = shared_config();
  config.sparse_rows.fan_in = 8;
  config.sparse_rows.epochs = 1;
  config.candidates.neighbours = 6;
  config.candidates.co_labels = 3;
  config.schedule.average = 0.3;
  config.training.epochs = 2;
  check_alike(config, shared_data());
}

TEST_CASE("ranks keep the same weights in 16 bits, and the same bytes run after run", "[unit][levels]") {
  const Mode mode = GENERATE(from_range(modes()));
  CAPTURE(mode.name);
  Config config = shared_config();
  mode.apply(config);
  config.active_set.sampler = SamplerKind::lsh;
  const Data data = shared_data();
  const auto first = train_among({3}, config, data), second = train_among({3}, config, data);
  for (const Outcome& outcome : {first[1], first[2], second[0], second[1], second[2]}) {
    REQUIRE(outcome.error == "");
    REQUIRE((outcome.bytes == first[0].bytes));
  }
}

TEST_CASE("parts of a batch draw the same rows, so that a step touches few more", "[unit]") {
  const Data data = planted_data(480, 500, 4000, 3);
  Config config = small_config();
  config.active_set.size = 600;
  config.training.batch = 96;
  const auto touched = [&](std::uint32_t parts) {
    config.training.parts = parts;
    Model model = make_model(config, data);
    Trainer trainer = must(Trainer::create(model, data.size()));
    return must(trainer.train_epoch(data.view())).rows_touched_share;
  };
  const double whole = touched(1);
  CHECK(touched(4) < 1.4 * whole);
  CHECK(touched(4) > whole);
}

TEST_CASE("all ranks stop after the same step if one of them wishes so", "[unit]") {
  const int wishing = GENERATE(0, 2);
  SharedRun run;
  run.ranks = 3;
  run.epochs = 1;
  run.callbacks = [&](int rank, Model& model) {
    return PassCallbacks{{}, [&model, stops = rank == wishing] { return !stops || model.step() < 2; }};
  };
  for (const Outcome& outcome : train_among(run, shared_config(), shared_data())) {
    CHECK(outcome.error == "");
    CHECK(outcome.step == 3);  // the one that followed
  }
}

TEST_CASE("a stopped shared pass goes on where it was, with another number of ranks", "[unit]") {
  const Config config = shared_config();
  const Data data = shared_data();
  const Outcome alone = train_alone(config, data, 2);
  std::string stopped;
  SharedRun run;
  run.epochs = 1;
  run.callbacks = [&](int, Model& model) { return PassCallbacks{{}, [&model] { return model.step() < 2; }}; };
  stopped = train_among(run, config, data)[0].bytes;
  const TemporaryFolder folder;
  model_file::put(folder.file("stopped.glsd"), stopped);
  for (const int ranks : {2, 4}) {
    CAPTURE(ranks);
    std::vector<Outcome> outcomes(static_cast<std::size_t>(ranks));
    ThreadRanks(ranks).run([&](Communicator& among) {
      auto model = Model::load(folder.file("stopped.glsd"), LoadFor::training);
      if (!model) return;
      auto trainer = Trainer::create_among(among, *model, data.size());
      Outcome& outcome = outcomes[static_cast<std::size_t>(among.rank())];
      for (int epoch = 0; epoch < 2; ++epoch) outcome.losses.push_back(trainer->train_epoch(data.view())->loss);
      outcome.weights = all_weights(*model);
    });
    const auto undisturbed = train_among({ranks}, config, data);
    for (const Outcome& outcome : outcomes) {
      REQUIRE(outcome.losses.size() == 2);
      CHECK(outcome.losses[1] == Approx(alone.losses[1]).epsilon(1e-4));
      if (ranks == 2) CHECK((outcome.weights == undisturbed[0].weights));
    }
  }
}

TEST_CASE("ranks whose weights differ are told apart", "[unit]") {
  const auto spoil = [](int rank, Model& model) {
    if (rank == 2) impl_of(model).network.output.weights[0] += 1e-3f;
  };
  SharedRun start;
  start.ranks = 3;
  start.before = spoil;
  for (const Outcome& outcome : train_among(start, shared_config(), shared_data()))
    CHECK(outcome.error.find("rank 2 has other weights than rank 0 at step 0; give all ranks the same model file") == 0);
  SharedRun later;
  later.ranks = 3;
  later.callbacks = [&](int rank, Model& model) {
    return PassCallbacks{{}, [&spoil, &model, rank] {
                           if (model.step() == 3) spoil(rank, model);
                           return true;
                         }};
  };
  for (const Outcome& outcome : train_among(later, shared_config(), shared_data()))
    CHECK(outcome.error.find("rank 2 has other weights than rank 0 at step 5") == 0);
}

TEST_CASE("ranks that add up on the way have the gradients that are gathered", "[unit]") {
  Config config = shared_config();
  config.active_set.sampler = GENERATE(SamplerKind::uniform, SamplerKind::lsh);
  config.optimizer.clip_norm = GENERATE(0.0, 0.05);
  const Data data = shared_data();
  SharedRun run;
  run.ranks = 3;
  const Outcome gathered = train_among(run, config, data)[0];
  for (const Communicate way : {Communicate::dense, Communicate::coarse}) {
    run.sharing = {way, Wire::fp32, 1.0};
    for (const Outcome& outcome : train_among(run, config, data)) {
      REQUIRE(outcome.error == "");
      CHECK((outcome.bytes == gathered.bytes));
    }
  }
}

TEST_CASE("ranks that send 16 bits send half the bytes, and learn much the same", "[unit]") {
  Config config = shared_config();
  config.network.hidden = {64};
  const Data data = shared_data();
  const auto way = GENERATE(Communicate::dense, Communicate::sparse, Communicate::coarse);
  CAPTURE(static_cast<int>(way));
  SharedRun run;
  run.sharing = {way, Wire::fp32, 0.5};
  const Outcome floats = train_among(run, config, data)[0];
  run.sharing.wire = Wire::bf16;
  const auto halves = train_among(run, config, data);
  REQUIRE(halves[0].error == "");
  CHECK((halves[1].bytes == halves[0].bytes));
  CHECK((halves[0].bytes != floats.bytes));
  CHECK(static_cast<double>(halves[0].bytes_sent) < 0.6 * static_cast<double>(floats.bytes_sent));
  for (std::size_t i = 0; i < floats.losses.size(); ++i) CHECK(halves[0].losses[i] == Approx(floats.losses[i]).epsilon(0.02));
}

TEST_CASE("gradients that are too many for one piece are those that travel alone", "[unit]") {
  const Data data = planted_data(48, 80, 20'000, 5);  // 20,080 rows of 65 values: three pieces
  Config config = shared_config();
  config.network.hidden = {64};
  config.active_set.size = {64};
  SharedRun run;
  run.sharing.communicate = Communicate::sparse;
  const Outcome few = train_among(run, config, data)[0];
  run.sharing.communicate = Communicate::dense;
  const auto all = train_among(run, config, data);
  REQUIRE(all[0].error == "");
  CHECK((all[1].bytes == all[0].bytes));
  CHECK(distance_of(all[0].weights, few.weights) < 1e-3 * distance_of(few.weights, all_weights(make_model(config, data))));
}

TEST_CASE("ranks let gradients wait, and these add up and arrive in the end", "[unit]") {
  const Data data = planted_data(600, 80, 90, 5);
  Config config = shared_config();
  config.optimizer.kind = OptimizerKind::sgd;
  config.optimizer.learning_rate = 0.5;
  config.schedule.warmup = 0;
  config.schedule.decay = DecayKind::none;
  config.training.epochs = 4;
  SharedRun run;
  run.ranks = 3;
  run.epochs = 4;
  const Outcome all = train_among(run, config, data)[0];
  run.sharing = {Communicate::coarse, Wire::fp32, 0.2};
  const auto some = train_among(run, config, data);
  REQUIRE(some[0].error == "");
  CHECK((some[2].bytes == some[0].bytes));
  CHECK(some[0].bytes_sent < all.bytes_sent / 2);
  // What waited was not lost: the loss goes down nearly as far.
  const double start = all.losses.front();
  CHECK(some[0].losses.back() < start - 0.8 * (start - all.losses.back()));
}

TEST_CASE("a step of fewer parts than ranks is refused", "[unit]") {
  Config config = shared_config();
  config.training.parts = 2;
  for (const Outcome& outcome : train_among({3}, config, shared_data()))
    CHECK(outcome.error.find("option 'parts': the 2 parts of a step (accumulate 1, parts 2) are too few for 3 ranks") == 0);
  config.training.parts = 49;
  const auto refused = Model::create(config, {80, 90});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "option 'parts': '49' is more than batch, 48; allowed: 1 .. batch");
}

}  // namespace glissade::test
