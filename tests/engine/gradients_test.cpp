// The whole network's gradients against central differences of a reference in doubles. One SGD step with a known rate and no
// decay moves each weight by rate * gradient, so the gradient can be read off the weights, through exactly the code that trains.

#include <catch2/catch.hpp>

#include <numeric>
#include <tuple>

#include "engine/samplers/label_index.h"
#include "engine/training/step.h"
#include "tests/engine/models.h"
#include "tests/engine/reference.h"

namespace glissade::test {
namespace {

// Streams of TrainingStep. They decide what a seed means: a change of theirs changes every trained model.
constexpr std::uint64_t kFeatureDropout = 11, kHiddenDropout = 12, kActiveSet = 13;
constexpr double kRate = 8.0;

struct Case {
  LossKind loss;
  std::vector<std::uint32_t> hidden;
  SamplerKind sampler;
  Scope scope;
  std::uint32_t active;
  double dropout;
  double density = 1;
  std::uint32_t active_units = 0;
};

ReferenceNetwork::Hidden dropout_factors(const Config& config, std::size_t samples) {
  if (config.training.hidden_dropout == 0) return {};
  ReferenceNetwork::Hidden factors;
  for (std::size_t layer = 0; layer < config.network.hidden.size(); ++layer) {
    Activations ones;
    ones.resize(samples, config.network.hidden[layer], false);
    std::fill_n(ones.values.data(), ones.values.size(), 1.f);
    activate(ones, Activation::relu, config.training.hidden_dropout,
             hashing::derive(hashing::derive(config.run.seed, kHiddenDropout, 1), layer));
    std::vector<double> layer_factors;
    for (std::size_t sample = 0; sample < samples; ++sample) {
      layer_factors.insert(layer_factors.end(), ones.row(sample), ones.row(sample) + ones.width);
    }
    factors.push_back(std::move(layer_factors));
  }
  return factors;
}

std::vector<ReferenceSet> active_sets(const Config& config, const Data& data) {
  const auto sampler = make_sampler(config, data.labels, {});
  hashing::StampSet seen(data.labels);
  const std::uint64_t seed = hashing::derive(config.run.seed, kActiveSet, 1);
  const bool shared = config.active_set.scope == Scope::shared || config.active_set.sampler == SamplerMix(SamplerKind::full);
  std::vector<ReferenceSet> sets;
  for (std::size_t i = 0; i < data.size(); ++i) {
    ActiveSet set;
    sampler->select({data.y.view(), shared ? 0 : i, shared ? data.size() : 1, {}, shared ? seed : hashing::derive(seed, i)}, seen,
                    set);
    if (set.everything) {
      set.ids.resize(data.labels);
      std::iota(set.ids.begin(), set.ids.end(), 0u);
      set.exact = set.ids.size();
    }
    sets.push_back({set.ids, set.exact, set.log_weights});
  }
  return sets;
}

/// Weight by weight, whether it is a connection.
std::vector<bool> connected_weights(const ParameterRows& rows) {
  std::vector<bool> all(rows.rows() * rows.width(), rows.fan_in() == 0);
  for (std::size_t row = 0; row < rows.rows() && rows.fan_in() != 0; ++row) {
    for (const std::uint16_t column : rows.connections_of(row)) all[row * rows.width() + column] = true;
  }
  return all;
}

/// Compares one parameter array's changes with the slopes of the reference's loss. What is not `connected` is 0 and stays so.
template <class Loss>
void check_block(const char* what, std::vector<double>& values, const std::vector<double>& after, const Loss& loss,
                 const std::vector<bool>& connected = {}) {
  constexpr double kStep = 1e-5;
  std::vector<double> slopes, gradients;
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    values[i] = value + kStep;
    const double above = loss();
    values[i] = value - kStep;
    const double below = loss();
    values[i] = value;
    slopes.push_back((above - below) / (2 * kStep));
    gradients.push_back((value - after[i]) / kRate);
    largest = std::max(largest, std::abs(slopes.back()));
  }
  if (values.empty()) return;
  INFO(what);
  REQUIRE(largest > 1e-3);  // there is something to compare
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!connected.empty() && !connected[i]) {
      REQUIRE(values[i] == 0);
      REQUIRE(after[i] == 0);
      continue;
    }
    INFO("element " << i << ": reference " << slopes[i] << ", engine " << gradients[i]);
    REQUIRE(std::abs(slopes[i] - gradients[i]) <= 1e-6 * largest + 1e-7);
  }
}

void check(const Case& c) {
  Config config = small_config();
  config.network.storage = Storage::fp32;
  config.optimizer.kind = OptimizerKind::sgd;
  config.network.loss = c.loss;
  config.network.hidden = c.hidden;
  config.active_set.sampler = c.sampler;
  config.active_set.scope = c.scope;
  config.active_set.size = c.active;
  config.training.hidden_dropout = config.training.feature_dropout = c.dropout;
  config.connections.density = c.density;
  config.network.active_units = c.active_units;
  const Data data = random_data(11, 14, 40, 3);
  Model model = make_model(config, data);
  scatter_weights(model, 0.7, 5);
  ReferenceNetwork reference(impl_of(model).network);

  Batch batch;
  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  batch.gather(data.view(), all, {c.dropout, hashing::derive(config.run.seed, kFeatureDropout, 1)});
  const DatasetView view{data.features, data.labels, batch.features(), batch.labels()};
  const auto factors = dropout_factors(config, data.size());
  const auto sets = active_sets(config, data);
  const auto loss = [&] { return reference.loss(view, sets, factors, c.loss); };

  TrainingStep step(impl_of(model));
  const auto report = step.run(data.view(), {all, {}, kRate});
  REQUIRE(report.ok);
  const double before = loss();
  REQUIRE(reference.nearest_kink() > 1e-3);
  REQUIRE(report.output.loss / static_cast<double>(data.size()) == Approx(before).epsilon(2e-6));

  const ReferenceNetwork after(impl_of(model).network);
  std::vector<std::vector<bool>> connected;
  for_each_layer(impl_of(model).network,
                 [&](std::uint32_t, const ParameterRows& rows) { connected.push_back(connected_weights(rows)); });
  for (std::size_t block = 0; block < after.blocks.size(); ++block) {
    INFO("block " << block << " of " << after.blocks.size());
    check_block("weights", reference.blocks[block].weights, after.blocks[block].weights, loss, connected[block]);
    check_block("bias", reference.blocks[block].bias, after.blocks[block].bias, loss);
  }
}

}  // namespace

TEST_CASE("gradients of the whole network match central differences", "[unit][levels]") {
  const auto loss = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  const auto hidden = GENERATE(values<std::vector<std::uint32_t>>({{6}, {7, 5}}));
  const auto [sampler, scope, active] = GENERATE(table<SamplerKind, Scope, std::uint32_t>({
      {SamplerKind::full, Scope::shared, 1},
      {SamplerKind::uniform, Scope::shared, 1000},  // all rows, in another order
      {SamplerKind::uniform, Scope::sample, 1000},
      {SamplerKind::uniform, Scope::shared, 30},  // some rows, weighted
      {SamplerKind::uniform, Scope::sample, 8},
  }));
  const auto dropout = GENERATE(0.0, 0.4);
  CAPTURE(static_cast<int>(loss), hidden.size(), static_cast<int>(sampler), static_cast<int>(scope), active, dropout);
  check({loss, hidden, sampler, scope, active, dropout});
}

TEST_CASE("gradients of a network with some connections match central differences of that network", "[unit][levels]") {
  const auto loss = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  const auto [sampler, scope, active] = GENERATE(table<SamplerKind, Scope, std::uint32_t>({
      {SamplerKind::full, Scope::shared, 1},
      {SamplerKind::uniform, Scope::shared, 30},
      {SamplerKind::uniform, Scope::sample, 8},
  }));
  CAPTURE(static_cast<int>(loss), static_cast<int>(sampler), static_cast<int>(scope), active);
  check({loss, {7, 6}, sampler, scope, active, 0, 0.5});
}

TEST_CASE("gradients pass through the units that win", "[unit][levels]") {
  const auto hidden = GENERATE(values<std::vector<std::uint32_t>>({{9}, {6, 8}}));
  const auto [scope, active] = GENERATE(table<Scope, std::uint32_t>({{Scope::shared, 30}, {Scope::sample, 8}}));
  const auto dropout = GENERATE(0.0, 0.4);
  CAPTURE(hidden.size(), static_cast<int>(scope), active, dropout);
  check({LossKind::softmax, hidden, SamplerKind::uniform, scope, active, dropout, 1, 3});
}

}  // namespace glissade::test
