// Same seed, same bytes: run after run, for any number of threads, and across a restart.

#include <oneapi/tbb/global_control.h>
#include <catch2/catch.hpp>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

/// More than one block of everything: samples (256), rows (256), partitions, chunks.
Data wide_data() { return planted_data(700, 500, 400, 3); }

Config wide_config() {
  Config config = small_config();
  config.network.hidden = {24, 16};
  config.active_set.size = 300;
  config.training.batch = 290;
  config.training.hidden_dropout = 0.2;
  config.training.feature_dropout = 0.1;
  return config;
}

}  // namespace

TEST_CASE("saved models do not depend on the run or on the number of threads", "[unit][levels]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const auto [sampler, scope, loss] = GENERATE(table<SamplerKind, Scope, LossKind>({
      {SamplerKind::uniform, Scope::shared, LossKind::softmax},
      {SamplerKind::lsh, Scope::shared, LossKind::softmax},
      {SamplerKind::lsh, Scope::sample, LossKind::bce},
      {SamplerKind::full, Scope::shared, LossKind::softmax},
  }));
  CAPTURE(static_cast<int>(storage), static_cast<int>(sampler), static_cast<int>(scope));
  const tbb::global_control more_than_cores(tbb::global_control::max_allowed_parallelism, 4);
  const Data data = wide_data();
  Config config = wide_config();
  config.network.storage = storage;
  config.active_set.sampler = sampler;
  config.active_set.scope = scope;
  config.network.loss = loss;
  config.training.epochs = 2;
  std::string first;
  for (const std::uint32_t threads : {1u, 1u, 2u, 3u}) {
    config.run.threads = threads;
    Model model = make_model(config, data);
    train(model, data, 2);
    const std::string bytes = saved(model);
    if (first.empty()) first = bytes;
    CAPTURE(threads);
    REQUIRE(bytes.size() == first.size());
    REQUIRE((bytes == first));  // not expanded: megabytes
  }
  config.run.seed = 8;
  Model other = make_model(config, data);
  REQUIRE((saved(other) != first));
}

TEST_CASE("a run that is saved, loaded and goes on equals one that never stopped", "[unit]") {
  const auto [sampler, rehash] = GENERATE(table<SamplerKind, RehashKind>({
      {SamplerKind::uniform, RehashKind::drift},
      {SamplerKind::lsh, RehashKind::fixed},
      {SamplerKind::lsh, RehashKind::decaying},
      {SamplerKind::lsh, RehashKind::drift},
  }));
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  const auto hash = GENERATE(HashKind::simhash, HashKind::dwta);
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const auto optimizer = storage == Storage::fp32 ? OptimizerKind::sgd : OptimizerKind::adam;
  CAPTURE(static_cast<int>(sampler), static_cast<int>(rehash), static_cast<int>(scope), static_cast<int>(hash));
  if (sampler == SamplerKind::uniform && hash == HashKind::dwta) return;
  Config config = small_config();
  config.active_set.sampler = sampler;
  config.rehash.kind = rehash;
  config.rehash.period = 70;  // not a multiple of the batch, and several times an epoch
  config.rehash.threshold = 0.05;
  config.active_set.scope = scope;
  config.hash_tables.family = hash;
  config.hash_tables.k = 2;
  config.hash_tables.bucket_cap = 12;
  config.rehash.renew = scope == Scope::shared;
  config.training.batches = storage == Storage::fp32 ? BatchKind::similar : BatchKind::shuffled;
  config.active_set.correction = scope == Scope::shared ? Correction::rising : Correction::on;
  config.network.storage = storage;
  config.optimizer.kind = optimizer;
  config.training.hidden_dropout = 0.1;
  const Data data = planted_data(150, 80, 60, 5);

  Model straight = make_model(config, data);
  train(straight, data, 4);
  const TemporaryFolder folder;
  {
    Model model = make_model(config, data);
    train(model, data, 2);
    must(model.save(folder.file("half.glsd")));
  }
  Model resumed = must(Model::load(folder.file("half.glsd"), LoadFor::training));
  REQUIRE(resumed.epochs_done() == 2);
  REQUIRE(resumed.step() == 10);
  train(resumed, data, 2);
  REQUIRE(resumed.epochs_done() == 4);
  REQUIRE((saved(resumed) == saved(straight)));

  Model kept = make_model(config, data);  // the same Trainer or a new one for each epoch: no difference either
  for (int i = 0; i < 4; ++i) train(kept, data, 1);
  REQUIRE((saved(kept) == saved(straight)));
}

}  // namespace glissade::test
