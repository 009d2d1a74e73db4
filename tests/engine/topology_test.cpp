// Rules of engine/topology, and each policy on one row, worked by hand.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "engine/parameters/gradient_store.h"
#include "engine/parameters/row_optimizer.h"
#include "engine/topology/densities.h"
#include "engine/topology/exchange.h"
#include "engine/topology/first_connections.h"
#include "engine/topology/schedule.h"

namespace glissade::test {
namespace {

using Floats = std::vector<float>;
using Columns = std::vector<std::uint16_t>;

constexpr double kHandRate = 0.1;

/// One row of six weights and a bias, of which it has those of columns 0, 2 and 4.
struct HandRow {
  explicit HandRow(Topology kind, OptimizerKind optimizer = OptimizerKind::sgd) {
    config.network.storage = Storage::fp32;
    config.optimizer.kind = optimizer;
    config.connections.topology = kind;
    config.connections.share = 1.0 / 3;
    config.connections.period = 2;
    auto options = ParameterRows::Options::of(config, true);
    options.fan_in = 3;
    rows = ParameterRows(1, 6, options);
    const Columns first = {0, 2, 4};
    std::ranges::copy(first, rows.connections_of(0).begin());
    const Floats start = {0.5f, -0.2f, -0.1f, 0.4f, 0.9f, 0.3f};
    rows.write(0, start.data());
  }
  /// A step at the begin of a training, when the whole share changes.
  void step(const Floats& gradient) {
    const RowChanges changes = RowChanges::of(config, 0, ++steps);
    RowOptimizer(config, kHandRate, steps).changing(changes).update(rows, 0, gradient.data(), 1.f);
  }
  Floats weights() const {
    Floats all(6);
    rows.read(0, all.data());
    return all;
  }
  Columns columns() const { return {rows.connections_of(0).begin(), rows.connections_of(0).end()}; }

  Config config;
  ParameterRows rows;
  std::uint64_t steps = 0;
};

void check_weights(const HandRow& row, const Floats& expected) {
  const Floats found = row.weights();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("column " << i);
    CHECK(found[i] == Approx(expected[i]).margin(1e-6));
  }
}

const Floats kNothing = {0, 0, 0, 0, 0, 0};
/// By this, -0.1 becomes -0.3 and is still the smallest. The largest gradient that the row has no connection for is that of
/// column 3.
const Floats kGradient = {1, 0.2f, 2, -0.7f, 0.3f, 0.4f};

}  // namespace

TEST_CASE("static: what has no connection is 0 and stays so", "[unit]") {
  HandRow row(Topology::fixed);
  check_weights(row, {0.5f, 0, -0.1f, 0, 0.9f, 0});
  for (int i = 0; i < 4; ++i) row.step(kGradient);
  check_weights(row, {0.1f, 0, -0.9f, 0, 0.78f, 0});
  CHECK(row.columns() == Columns{0, 2, 4});
  CHECK(row.rows.bias[0] == Approx(-0.4));
}

TEST_CASE("rigl: the smallest weight gives way to the largest gradient, and the step is left out", "[unit]") {
  HandRow row(Topology::rigl);
  row.step(kNothing);  // 1 of 2
  row.step(kGradient);
  CHECK(row.columns() == Columns{0, 3, 4});
  check_weights(row, {0.5f, 0, 0, 0, 0.9f, 0});
  CHECK(row.rows.bias[0] == Approx(-0.1));  // of the first step alone
  row.step(kGradient);
  CHECK(row.columns() == Columns{0, 3, 4});
  check_weights(row, {0.4f, 0, 0, 0.07f, 0.87f, 0});
}

TEST_CASE("rigl: without a gradient elsewhere nothing is dropped, and the step is made", "[unit]") {
  HandRow row(Topology::rigl);
  row.step(kNothing);
  row.step({1, 0, 2, 0, 0.3f, 0});
  CHECK(row.columns() == Columns{0, 2, 4});
  check_weights(row, {0.4f, 0, -0.3f, 0, 0.87f, 0});
}

TEST_CASE("set: the smallest weight after the step gives way to any other column", "[unit]") {
  std::vector<std::uint16_t> grown;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    HandRow row(Topology::set);
    row.config.run.seed = seed;
    row.step(kNothing);
    row.step(kGradient);
    check_weights(row, {0.4f, 0, 0, 0, 0.87f, 0});
    for (const std::uint16_t column : row.columns()) {
      if (column != 0 && column != 4) grown.push_back(column);
    }
  }
  REQUIRE(grown.size() == 40);
  std::ranges::sort(grown);
  grown.erase(std::unique(grown.begin(), grown.end()), grown.end());
  CHECK(grown == Columns{1, 3, 5});
}

TEST_CASE("snfs: what grows has the largest mean gradient, not the largest of the step", "[unit]") {
  HandRow row(Topology::snfs);
  row.step({0, 0, 0, 0, 0, -5});
  // Column 5: 0.9 x 0.1 x 5 + 0.1 x 0.4 in size 0.41; column 3: 0.1 x 0.7.
  row.step(kGradient);
  CHECK(row.columns() == Columns{0, 4, 5});
  check_weights(row, {0.4f, 0, 0, 0, 0.87f, 0});
  CHECK(row.rows.gradient_means[5] == Approx(-0.41));
}

TEST_CASE("snip: a row keeps what its first gradient times the weight is largest for", "[unit]") {
  HandRow row(Topology::snip);
  check_weights(row, {0.5f, -0.2f, -0.1f, 0.4f, 0.9f, 0.3f});  // whole
  row.step(kNothing);
  check_weights(row, {0.5f, -0.2f, -0.1f, 0.4f, 0.9f, 0.3f});
  // 0.05, 0.4, 0.1, 0.02, 0.45, 0.
  row.step({0.1f, 2, 1, 0.05f, 0.5f, 0});
  CHECK(row.columns() == Columns{1, 2, 4});
  check_weights(row, {0, -0.2f, -0.1f, 0, 0.9f, 0});
  for (int i = 0; i < 4; ++i) row.step({1, 1, 1, 1, 1, 1});
  CHECK(row.columns() == Columns{1, 2, 4});
  check_weights(row, {0, -0.6f, -0.5f, 0, 0.5f, 0});
}

TEST_CASE("snip: where too few weights have a gradient chance fills up", "[unit]") {
  std::vector<std::uint16_t> filled;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    HandRow row(Topology::snip);
    row.config.run.seed = seed;
    row.step({0, 0, 0, 0, 0.5f, 0.1f});
    const Columns columns = row.columns();
    REQUIRE(columns[1] == 4);
    REQUIRE(columns[2] == 5);
    filled.push_back(columns[0]);
  }
  std::ranges::sort(filled);
  filled.erase(std::unique(filled.begin(), filled.end()), filled.end());
  CHECK(filled == Columns{0, 1, 2, 3});
}

TEST_CASE("a row that was never chosen for is cut in the end", "[unit]") {
  HandRow row(Topology::snip);
  row.rows.end_whole();
  check_weights(row, {0.5f, 0, -0.1f, 0, 0.9f, 0});
}

TEST_CASE("the optimiser's state goes with the connection", "[unit]") {
  HandRow row(Topology::rigl, OptimizerKind::adam);
  row.step({1, 1, 1, 1, 1, 1});
  CHECK(row.rows.first_moment[2] > 0);
  CHECK(row.rows.first_moment[3] == 0);
  row.rows.weights[2] = 0.01f;
  row.step(kGradient);
  REQUIRE(row.columns() == Columns{0, 3, 4});
  CHECK(row.rows.first_moment[2] == 0);
  CHECK(row.rows.second_moment[2] == 0);
  CHECK(row.rows.first_moment[3] == 0);
}

TEST_CASE("a row with connections is updated as a row of these weights alone, with every optimiser and storage",
          "[unit][levels]") {
  const auto kind = GENERATE(OptimizerKind::adam, OptimizerKind::adagrad, OptimizerKind::momentum, OptimizerKind::sgd);
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  constexpr std::size_t kWidth = 1400, kFanIn = 600;  // more than the optimiser takes up at once
  Config config;
  config.network.storage = storage;
  config.optimizer.kind = kind;
  config.optimizer.second_moment = GENERATE(SecondMoment::element, SecondMoment::row);
  auto options = ParameterRows::Options::of(config, true);
  ParameterRows alone(1, kFanIn, options);
  options.fan_in = kFanIn;
  ParameterRows among(1, kWidth, options);
  Floats values(kWidth), some(kFanIn), gradient(kWidth), of_some(kFanIn);
  for (std::size_t i = 0; i < kWidth; ++i) values[i] = 0.01f * static_cast<float>(i % 37) - 0.2f;
  among.write(0, values.data());
  const auto columns = among.connections_of(0);
  for (std::size_t i = 0; i < kFanIn; ++i) some[i] = values[columns[i]];
  alone.write(0, some.data());
  for (std::uint64_t step = 1; step < 5; ++step) {
    for (std::size_t i = 0; i < kWidth; ++i) gradient[i] = 0.1f * static_cast<float>((i * step) % 11) - 0.5f;
    for (std::size_t i = 0; i < kFanIn; ++i) of_some[i] = gradient[columns[i]];
    const RowOptimizer optimizer(config, kHandRate, step);
    optimizer.update(among, 0, gradient.data(), 0.5f);
    optimizer.update(alone, 0, of_some.data(), 0.5f);
  }
  among.read(0, values.data());
  alone.read(0, some.data());
  std::size_t next = 0;
  for (std::size_t i = 0; i < kWidth; ++i) {
    if (next < kFanIn && columns[next] == i) {
      REQUIRE(values[i] == Approx(some[next++]).epsilon(1e-5).margin(1e-6));
    } else {
      REQUIRE(values[i] == 0.f);
    }
  }
  CHECK(among.bias[0] == Approx(alone.bias[0]));
}

TEST_CASE("only gradients of connections make the length that is clipped", "[unit]") {
  HandRow row(Topology::fixed);
  GradientStore store({&row.rows});
  store.add(row.rows, 0, kGradient.data(), 2.f, 1.f);
  CHECK(store.norm() == Approx(std::sqrt(1 + 4 + 0.09 + 4)));
}

TEST_CASE("an exchange drops as many as grow, and grows into room first", "[unit]") {
  std::vector<ScoredConnection> there = {{0, 1}, {1, 4}, {2, 3}, {3, 2}}, candidates = {{5, 1}, {6, 7}, {7, 7}, {8, 9}};
  exchange(there, candidates, 4, 0.5);
  std::ranges::sort(there, {}, &ScoredConnection::id);
  std::ranges::sort(candidates, {}, &ScoredConnection::id);
  CHECK(there == std::vector<ScoredConnection>{{1, 4}, {2, 3}});
  CHECK(candidates == std::vector<ScoredConnection>{{6, 7}, {8, 9}});  // of equal ones the smaller
  there = {{0, 1}, {1, 4}};
  candidates = {{5, 1}, {6, 7}, {7, 7}};
  exchange(there, candidates, 3, 1.0);
  CHECK(candidates.size() == 2);
  CHECK(there == std::vector<ScoredConnection>{{1, 4}});
  candidates.clear();
  exchange(there, candidates, 3, 1.0);
  CHECK(there.size() == 1);
}

TEST_CASE("the share of a change falls to 0", "[unit]") {
  CHECK(annealed_share(0.3, 0, 4) == Approx(0.3));
  CHECK(annealed_share(0.3, 2, 4) == Approx(0.15));
  CHECK(annealed_share(0.3, 4, 4) == 0);
  CHECK(annealed_share(0.3, 5, 4) == 0);
  CHECK(annealed_share(0.3, 0, 0) == 0);
}

TEST_CASE("Erdos-Renyi: connections by rows + width, and none has more than all", "[unit]") {
  // 784-300-100-10 at a tenth: weights 235,200 + 30,000 + 1,000, sides 1,084 + 400 + 110.
  const std::vector<LayerSize> lenet = {{300, 784}, {100, 300}, {10, 100}};
  const auto uniform = layer_densities(DensityRule::uniform, 0.1, lenet);
  CHECK(uniform == std::vector<double>{0.1, 0.1, 0.1});
  const auto ten = layer_densities(DensityRule::erdos_renyi, 0.1, lenet);
  // The last layer would have 26,620 x 110 / 1,594 = 1,837 of its 1,000; the others share 25,620.
  CHECK(ten[2] == 1);
  CHECK(ten[0] == Approx(25620.0 * 1084 / 1484 / 235200));
  CHECK(ten[1] == Approx(25620.0 * 400 / 1484 / 30000));
  const auto two = layer_densities(DensityRule::erdos_renyi, 0.02, lenet);
  CHECK(two[2] == Approx(5324.0 * 110 / 1594 / 1000));
  const auto all = layer_densities(DensityRule::erdos_renyi, 1, lenet);
  CHECK(all == std::vector<double>{1, 1, 1});
  CHECK(fan_in_of(0.1, 784) == 78);
  CHECK(fan_in_of(0.0, 784) == 1);
  CHECK(fan_in_of(1.0, 784) == 0);
}

TEST_CASE("first connections are different columns, each as likely", "[unit]") {
  std::vector<int> times(10, 0);
  for (std::uint32_t row = 0; row < 5000; ++row) {
    Columns columns(3), again(3);
    first_connections(1, 2, row, 10, columns);
    first_connections(1, 2, row, 10, again);
    REQUIRE(columns == again);
    REQUIRE(std::ranges::adjacent_find(columns, std::greater_equal<>()) == columns.end());
    REQUIRE(columns.back() < 10);
    for (const std::uint16_t column : columns) ++times[column];
  }
  for (const int count : times) CHECK(count == Approx(1500).margin(130));  // 4 deviations
  Columns all(10);
  first_connections(1, 2, 0, 10, all);
  CHECK(all == Columns{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("rows that are added have connections, and others keep theirs", "[unit]") {
  HandRow row(Topology::fixed);
  row.rows.grow(300);
  CHECK(row.columns() == Columns{0, 2, 4});
  CHECK(row.rows.connections_are_sound());
  row.rows.connections_of(299)[2] = 6;
  CHECK_FALSE(row.rows.connections_are_sound());
  row.rows.connections_of(299)[2] = row.rows.connections_of(299)[1];
  CHECK_FALSE(row.rows.connections_are_sound());
}

}  // namespace glissade::test
