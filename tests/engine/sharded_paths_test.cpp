// A model with sparse paths, averages and a start from centroids whose rows several ranks share out: what one process learns and
// answers, whatever the number of ranks.

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include <glissade/model_shards.h>

#include "engine/model/access.h"
#include "hashing/seeds.h"
#include "tests/engine/models.h"
#include "tests/engine/thread_transport.h"
#include "tests/engine/weights_distance.h"

namespace glissade::test {
namespace {

/// What ranks and one process are compared by.
struct PathsOutcome {
  std::vector<double> losses;
  std::vector<float> weights;
  Predictions answers, probabilities;
};

/// No two values alike, so that no two neighbours are equally near.
Data paths_data(std::uint32_t features = 120) {
  Data data = planted_data(700, features, 90, 11);
  hashing::Random random(5);
  for (float& value : data.x.values) value *= static_cast<float>(0.8 + 0.4 * random.unit());
  return data;
}

Config sharded_paths_config() {
  Config config = small_config();
  config.network.storage = Storage::fp32;
  config.network.loss = LossKind::decoupled;
  config.network.start = Start::centroids;
  config.active_set.scope = Scope::shared;
  config.active_set.sampler = SamplerKind::uniform;
  config.schedule.average = 0.5;
  config.sparse_rows.fan_in = 24;
  config.sparse_rows.epochs = 1;
  config.candidates.neighbours = 15;
  config.candidates.co_labels = 8;
  config.training.epochs = 2;
  return config;
}

PathsOutcome answers_of(const Model& model, const Data& data) {
  const auto inputs = data.view().inputs();
  return {{}, {}, must(model.predict(inputs, {.k = 5, .probabilities = false})), must(model.predict(inputs, {.k = 20}))};
}

PathsOutcome train_alone(const Config& config, const Data& data) {
  Model model = make_model(config, data);
  auto trainer = must(Trainer::create(model, data.size()));
  std::vector<double> losses;
  for (std::uint32_t epoch = 0; epoch < config.training.epochs; ++epoch)
    losses.push_back(must(trainer.train_epoch(data.view())).loss);
  PathsOutcome outcome = answers_of(model, data);
  outcome.losses = losses;
  outcome.weights = all_weights(model);
  return outcome;
}

/// Rank 0's outcome, and in `merged` that of the one file that the shards become.
PathsOutcome train_among(int count, const Config& config, const Data& data, PathsOutcome& merged) {
  PathsOutcome outcome;
  const TemporaryFolder folder;
  ThreadRanks(count).run([&](Communicator& ranks) {
    Model model = got(Model::create_shard(ranks, config, {data.features, data.labels}));
    Trainer trainer = got(Trainer::create_among(ranks, model, data.size(), {.distribution = Distribution::labels}));
    std::vector<double> losses;
    for (std::uint32_t epoch = 0; epoch < config.training.epochs; ++epoch)
      losses.push_back(got(trainer.train_epoch(data.view())).loss);
    if (ranks.rank() > 0) {
      got(model.answer());
      return;
    }
    outcome = answers_of(model, data);
    outcome.losses = losses;
    must(model.save(folder.file("m.glsd")));
    must(model.tell({}));
  });
  must(merge_shards(folder.file("m.glsd"), folder.file("one.glsd"), true));
  const Model one = must(Model::load(folder.file("one.glsd"), LoadFor::training));
  merged = answers_of(one, data);
  outcome.weights = all_weights(one);
  return outcome;
}

/// Of all answers the share that `others` has at the same place.
double agreement(const Predictions& some, const Predictions& others) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < some.labels.size(); ++i) same += some.labels[i] == others.labels[i] ? 1 : 0;
  return static_cast<double>(same) / static_cast<double>(some.labels.size());
}

double farthest(const Predictions& some, const Predictions& others) {
  double most = 0;
  for (std::size_t i = 0; i < some.scores.size(); ++i) {
    if (some.labels[i] == others.labels[i] && some.labels[i] != Predictions::kNoLabel)
      most = std::max(most, std::abs(double{some.scores[i]} - double{others.scores[i]}));
  }
  return most;
}

void check_paths_alike(const Config& config) {
  const Data data = paths_data(config.candidates.exclude_input ? 90 : 120);
  const PathsOutcome alone = train_alone(config, data);
  const std::vector<float> start = all_weights(make_model(config, data));
  const double moved = distance_of(alone.weights, start);
  for (const int count : {2, 3}) {
    CAPTURE(count);
    PathsOutcome merged;
    const PathsOutcome outcome = train_among(count, config, data, merged);
    for (std::size_t i = 0; i < alone.losses.size(); ++i) CHECK(outcome.losses[i] == Approx(alone.losses[i]).epsilon(1e-4));
    CHECK(distance_of(outcome.weights, alone.weights) < 2e-3 * moved);
    CHECK(agreement(outcome.answers, alone.answers) > 0.99);
    // The same weights, in several processes and in one.
    CHECK(agreement(outcome.answers, merged.answers) > 0.999);
    CHECK(farthest(outcome.answers, merged.answers) < 1e-3);
    CHECK(agreement(outcome.probabilities, merged.probabilities) > 0.999);
    CHECK(farthest(outcome.probabilities, merged.probabilities) < 1e-3);
  }
}

}  // namespace

TEST_CASE("ranks that share the rows out learn and answer with sparse paths as one process does", "[unit]") {
  Config config = sharded_paths_config();
  const int variant = GENERATE(0, 1, 2, 3);
  CAPTURE(variant);
  if (variant == 1) config.network.loss = LossKind::softmax;
  if (variant == 2) {
    config.network.loss = LossKind::bce;
    config.network.start = Start::random;
    config.schedule.average = 0;
  }
  if (variant == 3) config.candidates.exclude_input = true;
  check_paths_alike(config);
}

TEST_CASE("shards go on in the midst of a pass, with their tables or without", "[unit]") {
  Config config = sharded_paths_config();
  config.active_set.sampler = GENERATE(SamplerKind::lsh, SamplerKind::lsh_learned);
  config.training.epochs = 1;
  const Data data = paths_data();
  const TemporaryFolder folder;
  const auto train_on = [&](int count, const std::string& from, int steps, const std::string& to) {
    ThreadRanks(count).run([&](Communicator& ranks) {
      Model model = from.empty() ? got(Model::create_shard(ranks, config, {data.features, data.labels}))
                                 : got(Model::load_shard(ranks, folder.file(from), LoadFor::training));
      Trainer trainer = got(Trainer::create_among(ranks, model, data.size(), {.distribution = Distribution::labels}));
      PassCallbacks stop;
      stop.after_step = [&, left = steps]() mutable { return --left > 0; };
      got(trainer.train_epoch(data.view(), steps > 0 ? stop : PassCallbacks()));
      if (ranks.rank() > 0) {
        got(model.answer());
        return;
      }
      must(model.save(folder.file(to)));
      must(model.tell({}));
    });
    return all_weights(must(Model::load(folder.file(to), LoadFor::training)));
  };
  train_on(2, "", 6, "half.glsd");
  const auto whole = train_on(2, "", 0, "whole.glsd");
  CHECK(train_on(2, "half.glsd", 0, "two.glsd") == whole);
  // Other ranks have other rows, and build other tables.
  const double moved = distance_of(whole, all_weights(make_model(config, data)));
  CHECK(distance_of(train_on(3, "half.glsd", 0, "three.glsd"), whole) < 0.5 * moved);
  must(merge_shards(folder.file("half.glsd"), folder.file("one.glsd"), true));
  Model one = must(Model::load(folder.file("one.glsd"), LoadFor::training));
  auto trainer = must(Trainer::create(one, data.size()));
  must(trainer.train_epoch(data.view()));
  CHECK(distance_of(all_weights(one), whole) < 0.5 * moved);
}

TEST_CASE("ranks that share the work on sparse paths build those of one process", "[unit]") {
  Config config = sharded_paths_config();
  config.sparse_rows.epochs = 2;
  config.sparse_rows.topology = GENERATE(RowTopology::fixed, RowTopology::rigl);
  config.candidates.weight_samples = 500;
  const Data data = planted_data(5000, 120, 1400, 11);  // several blocks of samples and of labels
  const auto bytes_of = [](RankedPaths paths) {
    std::vector<std::byte> bytes;
    for (const StoredArray& stored : paths.arrays()) {
      std::visit([&](const auto* array) { bytes.insert(bytes.end(), array->as_bytes().begin(), array->as_bytes().end()); },
                 stored.array);
    }
    return bytes;
  };
  const auto wanted = bytes_of(build_paths(config, data.view(), all_rows(data)));
  for (const int count : {2, 3}) {
    std::vector<std::vector<std::byte>> found(static_cast<std::size_t>(count));
    ThreadRanks(count).run([&](Communicator& ranks) {
      SharedWork work(&ranks);
      auto paths = build_paths(config, data.view(), all_rows(data), WorkMonitor::silent(), nullptr, work);
      if (!work.error()) found[static_cast<std::size_t>(ranks.rank())] = bytes_of(std::move(paths));
    });
    for (const auto& bytes : found) CHECK((bytes == wanted));
  }
}

namespace {

/// Entry j of trained rows.
float trained_value(const LabelRowPath& path, std::uint64_t j) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(path.rows.values[j]) << 16 | path.row_state.low[j]);
}

/// A rank's rows of `own` as those of one process that has all, `whole`: which entries, and how far the farthest value is.
struct RowsCompared {
  bool same_entries = true;
  double farthest = 0;
};

RowsCompared compare_rows(const SparseMatrix& own, const SparseMatrix& whole, const RowOwners& owners, const auto& own_value,
                          const auto& whole_value) {
  RowsCompared out;
  out.same_entries = own.rows() == owners.count(whole.rows());
  for (std::uint32_t place = 0; out.same_entries && place < own.rows(); ++place) {
    const std::uint32_t row = owners.row_at(place);
    const std::uint64_t first = own.offsets[place], of_whole = whole.offsets[row], count = own.offsets[place + 1] - first;
    out.same_entries &= count == whole.offsets[row + 1] - of_whole;
    for (std::uint64_t j = 0; out.same_entries && j < count; ++j) {
      out.same_entries &= own.ids[first + j] == whole.ids[of_whole + j];
      out.farthest = std::max(out.farthest, std::abs(double{own_value(first + j)} - double{whole_value(of_whole + j)}));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("ranks that share the labels out build the rows of one process, each its own", "[unit]") {
  Config config = sharded_paths_config();
  config.sparse_rows.epochs = 2;
  config.sparse_rows.fan_in = 200;  // all features of a label: which are the largest does not hang on rounding
  config.candidates.weight_samples = GENERATE(0u, 400u);
  config.network.label_weights = GENERATE(LabelWeights::equal, LabelWeights::propensity);
  const Data data = planted_data(900, 120, 40, 11);  // all labels compete, whoever has them
  const RankedPaths whole = build_paths(config, data.view(), all_rows(data));
  for (const int count : {2, 3}) {
    CAPTURE(count);
    std::vector<RankedPaths> found(static_cast<std::size_t>(count));
    ThreadRanks(count).run([&](Communicator& ranks) {
      RowShards shards(ranks);
      found[static_cast<std::size_t>(ranks.rank())] =
          build_paths(config, data.view(), all_rows(data), WorkMonitor::silent(), nullptr, SharedWork::alone(), &shards);
    });
    for (const RankedPaths& own : found) {
      CAPTURE(own.owners.rank);
      const auto trained = compare_rows(
          own.label_rows.rows, whole.label_rows.rows, own.owners,
          [&](std::uint64_t j) { return trained_value(own.label_rows, j); },
          [&](std::uint64_t j) { return trained_value(whole.label_rows, j); });
      CHECK(trained.same_entries);
      CHECK(trained.farthest < 2e-3);
      const auto halves = [](const SparseMatrix& rows) { return [&](std::uint64_t j) { return widened(rows.values[j]); }; };
      const auto companions =
          compare_rows(own.co_labels, whole.co_labels, own.owners, halves(own.co_labels), halves(whole.co_labels));
      CHECK(companions.same_entries);
      CHECK(companions.farthest == 0);
      const auto samples = compare_rows(own.neighbours.samples, whole.neighbours.samples, own.owners,
                                        halves(own.neighbours.samples), halves(whole.neighbours.samples));
      CHECK(samples.same_entries);
      CHECK(samples.farthest < 1e-2);
    }
  }
}

TEST_CASE("averages of rows that ranks share out are read by any number of ranks", "[unit]") {
  Config config = sharded_paths_config();
  config.network.hidden = {12, 8};
  const Data data = paths_data();
  const TemporaryFolder folder;
  Model whole = make_model(config, data);
  auto trainer = must(Trainer::create(whole, data.size()));
  must(trainer.train_epoch(data.view()));
  PassCallbacks stop;
  stop.after_step = [steps = 0]() mutable { return ++steps < 9; };
  must(trainer.train_epoch(data.view(), stop));
  REQUIRE_FALSE(impl_of(whole).average.empty());
  must(whole.save(folder.file("whole.glsd")));
  const auto pass_on = [&](int count, const std::string& from, const std::string& to) {
    ThreadRanks(count).run([&](Communicator& ranks) {
      Model model = got(Model::load_shard(ranks, folder.file(from), LoadFor::training));
      if (ranks.rank() > 0) {
        got(model.answer());
        return;
      }
      must(model.save(folder.file(to)));
      if (model.is_shard()) must(model.tell({}));
    });
  };
  pass_on(3, "whole.glsd", "three.glsd");
  pass_on(2, "three.glsd", "two.glsd");
  pass_on(2, "two.glsd", "same.glsd");
  for (const char* const name : {"three.glsd", "two.glsd", "same.glsd"}) {
    CAPTURE(name);
    CHECK((saved(must(Model::load(folder.file(name), LoadFor::training))) == saved(whole)));
    must(merge_shards(folder.file(name), folder.file("one.glsd"), true));
    CHECK((saved(must(Model::load(folder.file("one.glsd"), LoadFor::training))) == saved(whole)));
  }
}

}  // namespace glissade::test
