// A run that was stopped between any two steps, saved and loaded, ends with the bytes of one that never stopped.

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

struct Variant {
  const char* name;
  void (*change)(Config&);
};

void connect(Config& config, Topology kind) {
  config.connections.density = 0.4;
  config.connections.topology = kind;
  config.connections.period = 2;
}

/// Few enough of a wide layer's for labels to be multiplied by them.
void connect_compactly(Config& config, Topology kind) {
  connect(config, kind);
  config.network.hidden = {200};
  config.connections.density = 0.1;
  config.active_set.scope = Scope::shared;
}

const std::vector<Variant>& variants() {
  static const std::vector<Variant> all = {
      {"uniform", [](Config&) {}},
      {"frequency", [](Config& c) { c.active_set.sampler = SamplerKind::frequency; }},
      {"full", [](Config& c) { c.active_set.sampler = SamplerKind::full; }},
      {"lsh, drift", [](Config& c) { c.active_set.sampler = SamplerKind::lsh; }},
      {"lsh, fixed, new functions each epoch",
       [](Config& c) {
         c.active_set.sampler = SamplerKind::lsh;
         c.rehash.kind = RehashKind::fixed;
         c.rehash.renew = true;
       }},
      {"lsh, decaying, capped",
       [](Config& c) {
         c.active_set.sampler = SamplerKind::lsh;
         c.rehash.kind = RehashKind::decaying;
         c.hash_tables.bucket_cap = 7;
       }},
      {"lsh-topk, one length for all",
       [](Config& c) {
         c.active_set.sampler = SamplerKind::lsh_topk;
         c.hash_tables.transform = HashTransform::simple;
       }},
      {"lsh-threshold, dwta, a set per sample",
       [](Config& c) {
         c.active_set.sampler = SamplerKind::lsh_threshold;
         c.hash_tables.family = HashKind::dwta;
         c.hash_tables.k = 2;
         c.active_set.scope = Scope::sample;
       }},
      {"lsh-label", [](Config& c) { c.active_set.sampler = SamplerKind::lsh_label; }},
      {"lsh-learned", [](Config& c) { c.active_set.sampler = SamplerKind::lsh_learned; }},
      {"lsh-learned in fp32",
       [](Config& c) {
         c.active_set.sampler = SamplerKind::lsh_learned;
         c.network.storage = Storage::fp32;
       }},
      {"a mix",
       [](Config& c) {
         c.active_set.sampler =
             SamplerMix({{SamplerKind::lsh, 0.25}, {SamplerKind::in_batch, 0.25}, {SamplerKind::frequency, 0.25}});
       }},
      {"batches of similar samples", [](Config& c) { c.training.batches = BatchKind::similar; }},
      {"bf16, moments in bf16",
       [](Config& c) {
         c.network.storage = Storage::bf16;
         c.optimizer.moments = MomentType::bf16;
       }},
      {"the mean of the last two thirds",
       [](Config& c) {
         c.schedule.decay = DecayKind::none;
         c.schedule.average = 0.67;
       }},
      {"sparse paths, from centroids",
       [](Config& c) {
         c.sparse_rows.fan_in = 16;
         c.sparse_rows.epochs = 1;
         c.candidates.neighbours = 5;
         c.network.start = Start::centroids;
         c.active_set.sampler = SamplerKind::lsh;
       }},
      {"connections that stay", [](Config& c) { c.connections.density = 0.4; }},
      {"set, of output rows alone",
       [](Config& c) {
         connect(c, Topology::set);
         c.connections.layers = SparseLayers::output;
       }},
      {"rigl, Erdos-Renyi",
       [](Config& c) {
         connect(c, Topology::rigl);
         c.connections.rule = DensityRule::erdos_renyi;
         c.network.start = Start::centroids;
       }},
      {"snfs in fp32 with momentum",
       [](Config& c) {
         connect(c, Topology::snfs);
         c.network.storage = Storage::fp32;
         c.optimizer.kind = OptimizerKind::momentum;
       }},
      {"rigl, labels in blocks, from centroids",
       [](Config& c) {
         connect(c, Topology::rigl);
         c.connections.layers = SparseLayers::output;
         c.connections.block = 4;
         c.connections.period = 1;
         c.network.start = Start::centroids;
       }},
      {"snfs, labels in blocks, lsh",
       [](Config& c) {
         connect(c, Topology::snfs);
         c.connections.block = 5;
         c.connections.period = 1;
         c.active_set.sampler = SamplerKind::lsh;
       }},
      {"snip, labels in blocks, gradients that wait",
       [](Config& c) {
         connect(c, Topology::snip);
         c.connections.block = 4;
         c.training.accumulate = 2;
       }},
      {"rigl, kept compactly, from centroids",
       [](Config& c) {
         connect_compactly(c, Topology::rigl);
         c.network.start = Start::centroids;
       }},
      {"set, kept compactly, gradients that wait",
       [](Config& c) {
         connect_compactly(c, Topology::set);
         c.training.accumulate = 2;
         c.optimizer.kind = OptimizerKind::momentum;
       }},
      {"kept compactly, averaged, lsh",
       [](Config& c) {
         connect_compactly(c, Topology::fixed);
         c.schedule.decay = DecayKind::none;
         c.schedule.average = 0.5;
         c.active_set.sampler = SamplerKind::lsh;
       }},
      {"snip, averaged",
       [](Config& c) {
         connect(c, Topology::snip);
         c.schedule.decay = DecayKind::none;
         c.schedule.average = 0.5;
       }},
  };
  return all;
}

Config config_of(const Variant& variant) {
  Config config = small_config();
  config.network.hidden = {16, 12};
  config.training.epochs = 3;
  config.rehash.period = 70;  // not a multiple of the batch
  config.rehash.threshold = 0.02;
  config.training.hidden_dropout = 0.1;
  config.training.feature_dropout = 0.1;
  config.active_set.correction = Correction::rising;
  variant.change(config);
  return config;
}

/// Trains to the end, in pieces of `steps` steps, each by a model that was loaded from what the one before has saved.
Model trained_in_pieces(const Config& config, const Data& data, std::uint64_t steps) {
  const TemporaryFolder folder;
  must(make_model(config, data).save(folder.file("state.glsd")));
  for (;;) {
    Model model = must(Model::load(folder.file("state.glsd"), LoadFor::training));
    if (model.epochs_done() == config.training.epochs) return model;
    Trainer trainer = must(Trainer::create(model, data.size()));
    const std::uint64_t begin = model.step();
    must(trainer.train_epoch(data.view(), PassCallbacks{{}, [&] { return model.step() - begin < steps; }}));
    REQUIRE(model.step() > begin);
    must(model.save(folder.file("state.glsd")));
  }
}

}  // namespace

TEST_CASE("a run that is stopped within epochs, saved and loaded equals one that never stopped", "[unit]") {
  const auto& variant = GENERATE(from_range(variants()));
  const std::uint64_t steps = GENERATE(1u, 3u);
  CAPTURE(variant.name, steps);
  const Config config = config_of(variant);
  const Data data = planted_data(150, 80, 90, 5);
  Model straight = make_model(config, data);
  train(straight, data, config.training.epochs);
  const Model pieces = trained_in_pieces(config, data, steps);
  REQUIRE((saved(pieces) == saved(straight)));
}

TEST_CASE("a pass that was stopped goes on where it stopped, and reports itself as a whole", "[unit]") {
  const Config config = config_of(variants()[3]);
  const Data data = planted_data(150, 80, 90, 5);
  Model straight = make_model(config, data);
  Trainer straight_trainer = must(Trainer::create(straight, data.size()));
  const EpochReport whole = must(straight_trainer.train_epoch(data.view()));
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  const EpochReport half = must(trainer.train_epoch(data.view(), PassCallbacks{{}, [&] { return model.step() < 2; }}));
  CHECK(half.samples == 2 * config.training.batch);
  CHECK(model.pass_done() == 2 * config.training.batch);
  CHECK(model.pass_rows() == data.size());
  CHECK(model.epochs_done() == 0);
  const EpochReport rest = must(trainer.train_epoch(data.view()));
  CHECK(rest.samples == whole.samples);
  CHECK(rest.steps == whole.steps);
  CHECK(rest.loss == whole.loss);
  CHECK(rest.rows_rehashed == whole.rows_rehashed);
  CHECK(rest.train_seconds > half.train_seconds);
  CHECK(model.pass_done() == 0);
  CHECK(model.epochs_done() == 1);
  REQUIRE((saved(model) == saved(straight)));
}

TEST_CASE("a pass goes on over its own data only", "[unit]") {
  const Config config = config_of(variants()[0]);
  const Data data = planted_data(150, 80, 90, 5), other = planted_data(151, 80, 90, 5);
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  must(trainer.train_epoch(data.view(), PassCallbacks{{}, [] { return false; }}));
  const auto refused = trainer.train_epoch(other.view());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message ==
        "the model was trained on other data (150 rows) than these (151 rows); give the data that its training began with, or "
        "start a new run from this model");
}

TEST_CASE("learning from a stream of batches goes on from a file with the same tables", "[unit]") {
  Config config = config_of(variants()[3]);
  const Data data = planted_data(32, 80, 90, 5);
  const auto learn = [&](Model& model, int steps) {
    Trainer trainer = must(Trainer::create(model, 1000));
    for (int i = 0; i < steps; ++i) must(trainer.train_step(data.view()));
  };
  Model straight = make_model(config, data);
  learn(straight, 9);
  const TemporaryFolder folder;
  {
    Model model = make_model(config, data);
    learn(model, 4);
    must(model.save(folder.file("half.glsd")));
  }
  Model resumed = must(Model::load(folder.file("half.glsd"), LoadFor::training));
  learn(resumed, 5);
  REQUIRE((saved(resumed) == saved(straight)));
}

TEST_CASE("the state of a pass is no part of a model without training state", "[unit]") {
  const Config config = config_of(variants()[3]);
  const Data data = planted_data(150, 80, 90, 5);
  Model model = make_model(config, data);
  model.set_run_notes("so far, so good");
  Trainer trainer = must(Trainer::create(model, data.size()));
  must(trainer.train_epoch(data.view(), PassCallbacks{{}, [] { return false; }}));
  const TemporaryFolder folder;
  must(model.save(folder.file("slim.glsd"), false));
  must(model.save(folder.file("full.glsd")));
  const Model slim = must(Model::load(folder.file("slim.glsd")));
  const Model full = must(Model::load(folder.file("full.glsd")));
  CHECK(slim.pass_done() == 0);
  CHECK(slim.run_notes().empty());
  CHECK(full.pass_done() == config.training.batch);
  CHECK(full.run_notes() == "so far, so good");
  const auto reader = must(model_file::Reader::open(folder.file("slim.glsd")));
  CHECK_FALSE(reader.has(model_file::SectionKind::table_numbers));
}

}  // namespace glissade::test
