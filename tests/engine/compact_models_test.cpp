// Models whose rows are kept as their connections alone: training, files, answers.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <glissade/prune.h>

#include "engine/model/access.h"
#include "tests/engine/golden.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

Config compact_config(Topology kind = Topology::fixed, SparseLayers layers = SparseLayers::all) {
  Config config = small_config();
  config.network.hidden = {200};
  config.active_set.scope = Scope::shared;
  config.connections.density = 0.1;
  config.connections.layers = layers;
  config.connections.topology = kind;
  config.connections.period = 2;
  return config;
}

/// A new model of the same numbers, whose rows have zeros for the connections that they lack.
Model masked_model(const Config& config, const Data& data) {
  Model model = make_model(config, data);
  Network network(config, {data.features, data.labels}, true, {}, false);
  network.randomize(config.run.seed);
  impl_of(model).network = std::move(network);
  return model;
}

int version_of(const std::string& file) { return file.at(8); }

double agreement(const Predictions& a, const Predictions& b) {
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.labels.size(); ++i) same += a.labels[i] == b.labels[i];
  return static_cast<double>(same) / static_cast<double>(a.labels.size());
}

}  // namespace

TEST_CASE("a model of compact rows trains as one with zeros, in a fraction of the file", "[unit][levels]") {
  const Data data = planted_data(600, 300, 120, 3), test = planted_data(100, 300, 120, 4);
  const Topology kind = GENERATE(Topology::fixed, Topology::set, Topology::rigl);
  Config config = compact_config(kind, GENERATE(SparseLayers::input, SparseLayers::output, SparseLayers::all));
  config.network.start = GENERATE(Start::random, Start::centroids);
  config.network.storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  CAPTURE(static_cast<int>(kind), static_cast<int>(config.connections.layers));
  Model compact = make_model(config, data), masked = masked_model(config, data);
  REQUIRE(impl_of(compact).network.is_compact());
  REQUIRE(!impl_of(masked).network.is_compact());
  REQUIRE(all_weights(compact) == all_weights(masked));
  const std::vector<double> losses = train(compact, data, 2), others = train(masked, data, 2);
  for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == Approx(others[i]).epsilon(5e-3));
  PredictOptions options;
  options.search = Search::exact;
  CHECK(agreement(must(compact.predict(test.x.view(), options)), must(masked.predict(test.x.view(), options))) >
        (kind == Topology::fixed ? 0.97 : 0.8));  // what differs by rounding alone may change places
  const std::string small = saved(compact, false), large = saved(masked, false);
  CHECK(version_of(small) == 7);
  CHECK(version_of(large) < 7);
  CHECK(small.size() < (config.connections.layers == SparseLayers::all ? 0.35 : 0.9) * static_cast<double>(large.size()));
  const TemporaryFolder folder;
  must(masked.save(folder.file("masked.glsd")));
  const Model again = must(Model::load(folder.file("masked.glsd"), LoadFor::training));
  CHECK(!impl_of(again).network.is_compact());
  CHECK(saved(again) == saved(masked));
}

TEST_CASE("the file of a compact model answers what the model answers, with every search", "[unit]") {
  const Data data = planted_data(900, 300, 400, 3), test = planted_data(64, 300, 400, 4);
  Config config = compact_config(Topology::fixed, GENERATE(SparseLayers::output, SparseLayers::all));
  config.network.storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  config.active_set.sampler = SamplerKind::lsh;
  Model model = make_model(config, data);
  train(model, data, 2);
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd"), false));
  const Model loaded = must(Model::load(folder.file("m.glsd")));
  CHECK(impl_of(loaded).network.output.is_compact());
  PredictOptions options;
  options.search = Search::exact;
  options.k = 400;  // all of them
  const Predictions a = must(model.predict(test.x.view(), options)), b = must(loaded.predict(test.x.view(), options));
  CHECK((a.labels == b.labels));
  CHECK((a.scores == b.scores));
  const auto score_of = [&](std::size_t row, std::uint32_t label) {
    const auto begin = b.labels.begin() + static_cast<std::ptrdiff_t>(row * b.k);
    return b.scores[static_cast<std::size_t>(std::find(begin, begin + b.k, label) - b.labels.begin())];
  };
  options.k = 5;
  // A row alone goes another way than many, and tables look at some rows only: the scores are the same.
  for (std::size_t row = 0; row < 16; ++row) {
    Rows alone;
    alone.add(test.x.view().row_ids(row), test.x.view().row_values(row));
    for (const Search search : {Search::exact, Search::lsh}) {
      options.search = search;
      const Predictions one = must(loaded.predict(alone.view(), options));
      for (std::size_t i = 0; i < one.k && one.labels[i] != Predictions::kNoLabel; ++i)
        CHECK(one.scores[i] == Approx(score_of(row, one.labels[i])).margin(0.01));
    }
  }
}

TEST_CASE("a pruned compact model answers as it did, its rows spread out", "[unit]") {
  const Data data = planted_data(900, 300, 400, 3), test = planted_data(200, 300, 400, 4);
  Model model = make_model(compact_config(), data);
  train(model, data, 3);
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  Pruner pruner = must(Pruner::open(folder.file("m.glsd")));
  PruneMix finely;
  finely.steps.fill(0.02);
  must(pruner.write(finely, folder.file("small.glsd")));
  const Model small = must(Model::load(folder.file("small.glsd")));
  CHECK(!impl_of(small).network.is_compact());
  CHECK(agreement(must(model.predict(test.x.view())), must(small.predict(test.x.view()))) > 0.95);
}

TEST_CASE("a file of compact rows whose connections are no columns is refused", "[unit]") {
  const Data data = planted_data(150, 80, 90, 5);
  Model model = make_model(compact_config(), data);
  const TemporaryFolder folder;
  auto columns = impl_of(model).network.output.connections_of(3);
  SECTION("beyond the last") { columns.back() = 200; }
  SECTION("twice") { columns[1] = columns[0]; }
  must(model.save(folder.file("m.glsd"), false));
  const auto loaded = Model::load(folder.file("m.glsd"));
  REQUIRE_FALSE(loaded.ok());
  CHECK_THAT(loaded.error().message, Catch::Contains("the connections of layer 2 are no rising columns below 200"));
}

namespace {

Data asked_of_compact() { return planted_data(12, 80, 60, 9); }

}  // namespace

TEST_CASE("a model file of format version 7 answers what it did when it was written", "[unit][levels]") {
  const Model model = must(Model::load(golden("model_v7.glsd")));
  CHECK(model.shape().labels == 60);
  CHECK(impl_of(model).network.output.is_compact());
  CHECK(impl_of(model).network.input.rows.is_compact());
  check_as_written(must(model.predict(asked_of_compact().x.view(), {.k = 3})), golden("model_v7.txt"));
}

TEST_CASE("write the golden model of format version 7", "[.write-golden]") {
  const Data data = planted_data(400, 80, 60, 3);
  Model model = make_model(compact_config(), data);
  train(model, data, model.config().training.epochs);
  must(model.save("model_v7.glsd", false));
  write_answers(must(must(Model::load("model_v7.glsd")).predict(asked_of_compact().x.view(), {.k = 3})), "model_v7.txt");
}

}  // namespace glissade::test
