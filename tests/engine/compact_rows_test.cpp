// Rows that are kept as their connections alone, beside the same rows with zeros for the others.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/layers/compact_rows.h"
#include "engine/output/output_path.h"
#include "engine/parameters/gradient_store.h"
#include "engine/parameters/row_optimizer.h"
#include "engine/parameters/weight_average.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::size_t kCompactWidth = 200;
constexpr std::uint32_t kCompactFanIn = 21;

struct Pair {
  ParameterRows compact, masked;
};

/// Rows of the same numbers, kept in both ways.
Pair pair_of(const Config& config, std::size_t rows, bool trainable = true) {
  auto options = ParameterRows::Options::of(config, trainable);
  options.fan_in = kCompactFanIn;
  Pair pair{ParameterRows(rows, kCompactWidth, options), ParameterRows(rows, kCompactWidth, options.masked())};
  REQUIRE(pair.compact.is_compact());
  REQUIRE(!pair.masked.is_compact());
  for (ParameterRows* one : {&pair.compact, &pair.masked}) {
    if (trainable) one->randomize(0.5, 3);
    for (std::size_t row = 0; row < rows; ++row) one->bias[row] = 0.01f * static_cast<float>(row);
  }
  return pair;
}

std::vector<float> all_of(const ParameterRows& rows) {
  std::vector<float> all(rows.rows() * rows.width());
  for (std::size_t row = 0; row < rows.rows(); ++row) rows.read(row, all.data() + row * rows.width());
  all.insert(all.end(), rows.bias.data(), rows.bias.data() + rows.rows());
  return all;
}

std::vector<std::uint16_t> columns_of(const ParameterRows& rows) {
  return {rows.connections.data(), rows.connections.data() + rows.rows() * rows.options().fan_in};
}

void check_alike(const Pair& pair) {
  CHECK(all_of(pair.compact) == all_of(pair.masked));
  CHECK(columns_of(pair.compact) == columns_of(pair.masked));
}

std::vector<float> drawn(std::size_t size, std::uint64_t seed) {
  hashing::Random random(hashing::mix(seed));
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(random.unit() - 0.5);
  return values;
}

Config config_of(Storage storage, OptimizerKind optimizer, Topology topology) {
  Config config;
  config.network.storage = storage;
  config.optimizer.kind = optimizer;
  config.optimizer.weight_decay = 0.01;
  config.connections.topology = topology;
  config.connections.period = 3;
  return config;
}

}  // namespace

TEST_CASE("compact rows are updated and change their connections as rows with zeros do, to the bit", "[unit][levels]") {
  const Storage storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  const OptimizerKind optimizer =
      GENERATE(OptimizerKind::adam, OptimizerKind::adagrad, OptimizerKind::momentum, OptimizerKind::sgd);
  const Topology topology = GENERATE(Topology::fixed, Topology::set, Topology::rigl);
  CAPTURE(static_cast<int>(storage), static_cast<int>(optimizer), static_cast<int>(topology));
  Config config = config_of(storage, optimizer, topology);
  config.optimizer.moments = GENERATE(MomentType::fp32, MomentType::bf16);
  Pair pair = pair_of(config, 4);
  check_alike(pair);
  for (std::uint64_t step = 1; step <= 14; ++step) {
    const RowChanges changes = RowChanges::of(config, 0.05 * static_cast<double>(step), step);
    const RowOptimizer rule = RowOptimizer(config, 0.05, step).changing(changes);
    for (std::size_t row = step % 2; row < 4; row += 1 + step % 2) {
      const std::vector<float> gradient = drawn(kCompactWidth, 10 * step + row);
      rule.update(pair.masked, row, gradient.data(), 0.3f);
      if (step % 3 == 0 || rule.needs_whole_gradient(pair.compact, row)) {
        rule.update(pair.compact, row, gradient.data(), 0.3f);
        continue;
      }
      std::vector<float> kept;
      for (const std::uint16_t column : pair.compact.connections_of(row)) kept.push_back(gradient[column]);
      rule.update_kept(pair.compact, row, kept.data(), 0.3f);
    }
  }
  check_alike(pair);
  CHECK((columns_of(pair.compact) == columns_of(pair_of(config, 4).compact)) == (topology == Topology::fixed));
}

TEST_CASE("what a compact row's new connections have in common with its old ones moves along", "[unit]") {
  Config config = config_of(Storage::fp32, OptimizerKind::adam, Topology::set);
  auto options = ParameterRows::Options::of(config, true);
  options.fan_in = 3;
  ParameterRows rows(2, 64, options);
  REQUIRE(rows.is_compact());
  const std::vector<std::uint16_t> first = {3, 10, 40};
  std::ranges::copy(first, rows.connections_of(1).begin());
  std::vector<float> values(64);
  std::iota(values.begin(), values.end(), 1.f);
  rows.write(1, values.data());
  const std::size_t at = rows.begin(1);
  for (std::size_t i = 0; i < 3; ++i) rows.first_moment[at + i] = 0.1f * static_cast<float>(i + 1);
  const std::vector<std::uint16_t> next = {1, 10, 12};
  CHECK(rows.reconnect(1, next) == 4.f * 4.f + 41.f * 41.f);
  rows.read(1, values.data());
  for (std::size_t column = 0; column < 64; ++column) CHECK(values[column] == (column == 10 ? 11.f : 0.f));
  CHECK(std::vector(rows.first_moment.data() + at, rows.first_moment.data() + at + 3) == std::vector{0.f, 0.2f, 0.f});
  CHECK(std::ranges::equal(rows.connections_of(1), next));
}

TEST_CASE("compact rows grow, are copied and averaged like rows with zeros", "[unit]") {
  const Storage storage = GENERATE(Storage::fp32, Storage::bf16_mixed, Storage::bf16);
  Config config = config_of(storage, OptimizerKind::adagrad, Topology::fixed);
  Pair pair = pair_of(config, 9);
  std::vector<ParameterRows*> blocks = {&pair.compact}, others = {&pair.masked};
  WeightAverage average, other;
  for (int i = 0; i < 3; ++i) {
    average.add(blocks);
    other.add(others);
    for (ParameterRows* one : {&pair.compact, &pair.masked}) {
      for (std::size_t row = 0; row < one->rows(); ++row) one->write(row, drawn(kCompactWidth, row + 100 * i).data());
    }
  }
  CHECK(average.means[0].size() == 9 * kCompactFanIn + 9);
  average.move_to(blocks);
  other.move_to(others);
  check_alike(pair);
  for (ParameterRows* one : {&pair.compact, &pair.masked}) {
    one->grow(300);
    one->write(299, drawn(kCompactWidth, 5).data());
    one->with_exact_arrays();
  }
  check_alike(pair);
  Pair copy = pair_of(config, 300, false);
  copy.compact.take_forward(pair.compact);
  copy.masked.take_forward(pair.masked);
  std::vector<float> a(kCompactWidth), b(kCompactWidth);
  std::vector<std::uint16_t> c(kCompactWidth), d(kCompactWidth);
  for (std::size_t row = 0; row < 300; ++row) {
    copy.compact.read_forward(row, a.data());
    copy.masked.read_forward(row, b.data());
    REQUIRE(a == b);
    if (storage == Storage::fp32) continue;
    copy.compact.read_halves(row, c.data());
    pair.masked.read_halves(row, d.data());
    REQUIRE(c == d);
  }
  for (const bool trainable : {false, true}) {
    auto options = ParameterRows::Options::of(config, trainable);
    options.fan_in = kCompactFanIn;
    const ParameterRows rows(300, kCompactWidth, options);
    const auto bytes = ParameterRows::footprint(300, kCompactWidth, options);
    CHECK(rows.memory_bytes() == bytes.weights + bytes.state);
  }
}

TEST_CASE("rows are kept compactly where that is at most half, and where they have connections of their own", "[unit]") {
  Config config;
  auto options = ParameterRows::Options::of(config, true);
  const auto with = [&](std::uint32_t fan_in) {
    options.fan_in = fan_in;
    return options;
  };
  CHECK(with(32).is_compact(64));
  CHECK(!with(33).is_compact(64));
  CHECK(!with(0).is_compact(64));
  auto shared = with(8);
  shared.block = 16;
  CHECK(!shared.is_compact(64));
  config.connections.topology = Topology::rigl;
  options = ParameterRows::Options::of(config, true);
  CHECK(with(8).is_compact(64));
  config.schedule.average = 0.5;  // of weights that come and go
  options = ParameterRows::Options::of(config, true);
  CHECK(!with(8).is_compact(64));
  config.connections.topology = Topology::fixed;
  options = ParameterRows::Options::of(config, true);
  CHECK(with(8).is_compact(64));
  for (const Topology kind : {Topology::snfs, Topology::snip}) {
    config.schedule.average = 0;
    config.connections.topology = kind;
    options = ParameterRows::Options::of(config, true);
    CHECK(!with(8).is_compact(64));
  }
}

namespace {

/// Hands out one prepared set; of a sample alone with its own labels first.
class OneSet final : public Sampler {
 public:
  OneSet(ActiveSet set, Scope scope) : set_(std::move(set)), scope_(scope) {}
  void select(const SampleGroup& group, hashing::StampSet&, ActiveSet& out) const noexcept override {
    out = set_;
    if (scope_ == Scope::shared) return;
    const auto own = group.labels.row_ids(group.first);
    std::ranges::stable_partition(out.ids, [&](std::uint32_t id) { return std::ranges::find(own, id) != own.end(); });
    out.labels = own.size();
  }

 private:
  ActiveSet set_;
  Scope scope_;
};

struct StepResult {
  double loss;
  std::vector<float> weights, hidden_gradient;
};

/// `waits`: the gradients go to a store first.
StepResult one_step(const Config& config, ParameterRows& rows, const ActiveSet& set, const Rows& labels, std::size_t piece,
                    bool waits) {
  const std::size_t samples = labels.offsets.size() - 1;
  Activations hidden;
  const bool halves = config.network.storage != Storage::fp32;
  hidden.rounded = halves;
  hidden.resize(samples, kCompactWidth, halves);
  for (std::size_t s = 0; s < samples; ++s) std::ranges::copy(drawn(kCompactWidth, 1000 + s), hidden.row(s));
  activate(hidden, Activation::relu, 0, 0);
  std::vector<float> gradient(samples * hidden.stride);
  const OneSet sampler(set, config.active_set.scope);
  const auto path = make_output_path({config, rows, sampler, nullptr, piece});
  PhaseSeconds phases;
  const SparseRows view = labels.view();
  const RowChanges changes = RowChanges::of(config, 0.1, 1);
  const RowOptimizer rule = RowOptimizer(config, 2.0, 1).changing(changes);
  GradientStore store({&rows});
  const RowOptimizer used = waits ? rule.collecting(store, 1.f) : rule;
  const OutputReport report = path->step({hidden, view, {}, 17, used, gradient.data(), phases});
  store.flush(1.f, [&](ParameterRows& of, std::size_t row, const float* by, float bias, std::uint32_t steps) {
    rule.update(of, row, by, bias, steps);
  });
  return {report.loss, all_of(rows), gradient};
}

double farthest(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::fabs(double{a[i]} - double{b[i]}));
  return most;
}

double largest(const std::vector<float>& a) {
  double most = 0;
  for (const float value : a) most = std::max(most, std::fabs(double{value}));
  return most;
}

}  // namespace

TEST_CASE("a step by connections is the step by whole rows, in each way to it", "[unit][levels]") {
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  const bool fused = GENERATE(true, false);
  const LossKind loss = GENERATE(LossKind::softmax, LossKind::bce);
  const Storage storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const Topology topology = GENERATE(Topology::fixed, Topology::set, Topology::rigl);
  const std::size_t samples = GENERATE(1u, 19u, 150u);
  const std::size_t piece = GENERATE(0u, 64u);
  const bool waits = GENERATE(false, true);
  if ((scope == Scope::sample || !fused) && piece != 0) return;
  if (scope == Scope::sample && !fused) return;
  CAPTURE(static_cast<int>(scope), fused, static_cast<int>(loss), static_cast<int>(storage), static_cast<int>(topology), samples,
          piece, waits);
  Config config = config_of(storage, OptimizerKind::sgd, topology);
  config.connections.period = 1;  // every row changes in this step
  config.network.loss = loss;
  config.active_set.scope = scope;
  config.active_set.fused = fused;
  constexpr std::size_t kRows = 170;
  config.active_set.size = kRows;
  Rows labels;
  for (std::uint32_t s = 0; s < samples; ++s) labels.add(std::vector<std::uint32_t>{s % 7, 7 + s % 90});
  ActiveSet set;
  set.ids.resize(kRows - 3);
  std::iota(set.ids.begin(), set.ids.end(), 0u);
  set.exact = set.ids.size();
  set.labels = 97;
  Pair pair = pair_of(config, kRows);
  const std::vector<float> before = all_of(pair.masked);
  const StepResult compact = one_step(config, pair.compact, set, labels, piece, waits);
  const StepResult masked = one_step(config, pair.masked, set, labels, piece, waits);
  const double error = storage == Storage::fp32 ? 2e-5 : 2e-2;
  CHECK(compact.loss == Approx(masked.loss).epsilon(storage == Storage::fp32 ? 1e-5 : 5e-3));
  CHECK(farthest(compact.hidden_gradient, masked.hidden_gradient) <= error * largest(masked.hidden_gradient));
  REQUIRE(farthest(masked.weights, before) > 0.01);
  // Where connections grow by gradients, two that are equal but for the last bit may change places.
  if (topology != Topology::rigl || storage == Storage::fp32) {
    CHECK(columns_of(pair.compact) == columns_of(pair.masked));
    CHECK(farthest(compact.weights, masked.weights) <= error * farthest(masked.weights, before));
  }
  if (topology == Topology::rigl) CHECK(columns_of(pair.compact) != columns_of(pair_of(config, kRows).compact));
}

}  // namespace glissade::test
