// Whole trainings in which rows have some of their connections only.
#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "tests/engine/models.h"
#include "tests/engine/threads.h"

namespace glissade::test {
namespace {

Config sparse_config(Topology kind, SparseLayers layers = SparseLayers::all) {
  Config config = small_config();
  config.network.hidden = {16, 12};
  config.connections.density = 0.4;
  config.connections.layers = layers;
  config.connections.topology = kind;
  config.connections.period = 2;
  return config;
}

/// Of each block of rows, weights that are not 0 in the row that has most of them.
std::vector<std::size_t> most_weights(const Model& model) {
  std::vector<std::size_t> most;
  for_each_layer(impl_of(model).network, [&](std::uint32_t, const ParameterRows& rows) {
    std::vector<float> values(rows.width());
    most.push_back(0);
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      rows.read(row, values.data());
      most.back() = std::max<std::size_t>(most.back(), rows.width() - static_cast<std::size_t>(std::ranges::count(values, 0.f)));
    }
  });
  return most;
}

}  // namespace

TEST_CASE("rows end with as many connections as they may have, in the layers that were named", "[unit]") {
  const Data data = planted_data(150, 80, 90, 5);
  const Topology kind = GENERATE(Topology::fixed, Topology::set, Topology::rigl, Topology::snfs, Topology::snip);
  CAPTURE(static_cast<int>(kind));
  const auto [layers, expected] = GENERATE(table<SparseLayers, std::vector<std::size_t>>({
      {SparseLayers::all, {6, 16, 6, 5}},  // features over 16, their bias, 12 units over 16, labels over 12
      {SparseLayers::input, {6, 16, 16, 12}},
      {SparseLayers::hidden, {16, 16, 6, 12}},
      {SparseLayers::output, {16, 16, 16, 5}},
  }));
  Config config = sparse_config(kind, layers);
  config.schedule.average = GENERATE(0.0, 0.5);
  config.schedule.decay = DecayKind::none;
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  CHECK(most_weights(model) == expected);
}

TEST_CASE("labels in blocks have their connections in common, change them, and are found as the masked rows are", "[unit]") {
  const Data data = planted_data(300, 80, 90, 5);
  const Topology kind = GENERATE(Topology::fixed, Topology::set, Topology::rigl, Topology::snfs, Topology::snip);
  CAPTURE(static_cast<int>(kind));
  Config config = sparse_config(kind, SparseLayers::output);
  config.connections.block = 8;
  config.connections.period = 1;
  config.network.start = GENERATE(Start::random, Start::centroids);
  config.network.storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  ParameterRows& rows = impl_of(model).network.output;
  REQUIRE(!rows.is_open());
  std::vector<float> values(rows.width());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    rows.read(row, values.data());
    const auto columns = rows.connections_of(row);
    REQUIRE(columns.size() == 5);
    for (std::uint16_t column = 0; column < values.size(); ++column) {
      if (std::ranges::find(columns, column) == columns.end()) REQUIRE(values[column] == 0.f);
    }
  }
  ParameterRows::Options fresh = rows.options();
  const ParameterRows drawn(rows.rows(), rows.width(), fresh);
  // What grew starts at 0 and may be the first to go again, so a block may end as it began; most do not.
  std::size_t as_drawn = 0;
  const std::size_t fan_in = rows.fan_in();
  for (std::size_t pattern = 0; pattern < rows.patterns(); ++pattern) {
    const std::uint16_t* const now = rows.connections.data() + pattern * fan_in;
    as_drawn += std::equal(now, now + fan_in, drawn.connections.data() + pattern * fan_in);
  }
  const bool largest = config.network.start == Start::centroids && kind != Topology::snip;
  if (kind == Topology::fixed && !largest) {
    CHECK(as_drawn == rows.patterns());
  } else {
    CHECK(2 * as_drawn < rows.patterns());
  }
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd"), false));
  const Model answering = must(Model::load(folder.file("m.glsd")));
  REQUIRE(!impl_of(answering).output_blocks.empty());
  PredictOptions options;
  options.k = 5;
  options.search = Search::exact;
  const Predictions masked = must(model.predict(data.view().features, options));
  const Predictions found = must(answering.predict(data.view().features, options));
  CHECK(masked.labels == found.labels);
  for (std::size_t i = 0; i < found.scores.size(); ++i) REQUIRE(found.scores[i] == Approx(masked.scores[i]).epsilon(1e-3));
}

TEST_CASE("connections are the same with any number of threads", "[unit]") {
  const Data data = planted_data(600, 300, 120, 3);
  const Config config = [&] {
    Config c = sparse_config(GENERATE(Topology::set, Topology::rigl, Topology::snfs, Topology::snip));
    c.connections.block = GENERATE(1u, 8u);
    c.connections.period = c.connections.block == 1 ? 2 : 1;
    c.training.batch = 96;
    if (c.connections.block == 1 && GENERATE(false, true)) {  // rows that are kept compactly, but with snfs and snip
      c.network.hidden = {200};
      c.connections.density = 0.1;
      c.active_set.scope = Scope::shared;
    }
    return c;
  }();
  const auto run = [&] {
    Config c = config;
    c.run.threads = 0;
    Model model = make_model(c, data);
    train(model, data, 2);
    return saved(model);
  };
  const std::string one = with_threads(1, run);
  for (const int threads : kThreadCounts) {
    CAPTURE(threads);
    CHECK((with_threads(threads, run) == one));
  }
}

TEST_CASE("density 1 is what there was without it, to the byte", "[unit]") {
  const Data data = planted_data(150, 80, 90, 5);
  Config config = sparse_config(Topology::fixed);
  config.connections.density = 1;
  Model dense = make_model(config, data);
  train(dense, data, 2);
  config.connections.density = 0.999;  // of 16 and of 12 all
  Model all = make_model(config, data);
  train(all, data, 2);
  for_each_layer(impl_of(dense).network, [&](std::uint32_t index, const ParameterRows& rows) {
    CHECK(rows.connections.empty());
    for_each_layer(impl_of(all).network, [&](std::uint32_t other, const ParameterRows& same) {
      if (index == other) CHECK(std::ranges::equal(rows.high.as_bytes(), same.high.as_bytes()));
    });
  });
}

TEST_CASE("a model whose connections are no columns is refused", "[unit]") {
  const Data data = planted_data(150, 80, 90, 5);
  Model model = make_model(sparse_config(Topology::rigl), data);
  const TemporaryFolder folder;
  impl_of(model).network.output.connections_of(3)[4] = 12;
  must(model.save(folder.file("m.glsd")));
  const auto loaded = Model::load(folder.file("m.glsd"), LoadFor::training);
  REQUIRE_FALSE(loaded.ok());
  CHECK_THAT(loaded.error().message, Catch::Contains("the connections of layer 3 are no rising columns below 12"));
}

}  // namespace glissade::test
