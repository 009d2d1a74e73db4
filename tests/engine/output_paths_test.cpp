// The two output paths and the piece loop: different routes to the same sums.

#include <catch2/catch.hpp>

#include <cmath>
#include <numeric>
#include <span>

#include "engine/layers/output_path.h"
#include "engine/training/step.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

/// Hands out one prepared set.
class FixedSampler final : public Sampler {
 public:
  explicit FixedSampler(ActiveSet set) : set_(std::move(set)) {}
  void select(const SampleGroup&, hashing::StampSet&, ActiveSet& out) const noexcept override { out = set_; }

 private:
  ActiveSet set_;
};

struct Outcome {
  OutputReport report;
  std::vector<float> weights;  ///< with biases
  std::vector<float> hidden_gradient;
};

/// One SGD step of the output layer alone.
Outcome output_step(Scope scope, Config config, const Sampler& sampler, std::size_t rows, std::size_t width, const Rows& labels) {
  config.scope = scope;
  config.optimizer = OptimizerKind::sgd;
  const std::size_t samples = labels.offsets.size() - 1;
  ParameterRows parameters(rows, width, {config.storage, true, true, {}});
  parameters.randomize(0.5, 3);
  hashing::Random random(4);
  for (std::size_t i = 0; i < rows; ++i) parameters.bias[i] = static_cast<float>(random.unit() - 0.5);
  Activations hidden;
  hidden.resize(samples, width, config.storage == Storage::bf16_mixed);
  for (std::size_t s = 0; s < samples; ++s) {
    for (std::size_t j = 0; j < width; ++j) hidden.row(s)[j] = static_cast<float>(random.unit());
  }
  relu_dropout(hidden, 0, 0);
  Outcome outcome;
  outcome.hidden_gradient.resize(samples * hidden.stride);
  const auto path = make_output_path({config, parameters, sampler, nullptr, 512});
  const SparseRows view = labels.view();
  PhaseSeconds phases;
  outcome.report = path->step({hidden, view, {}, 17, RowOptimizer(config, 4.0, 1), outcome.hidden_gradient.data(), phases});
  outcome.weights.resize(rows * width);
  for (std::size_t i = 0; i < rows; ++i) parameters.read(i, outcome.weights.data() + i * width);
  outcome.weights.insert(outcome.weights.end(), parameters.bias.data(), parameters.bias.data() + rows);
  return outcome;
}

double worst(std::span<const float> a, std::span<const float> b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest;
}

/// ||a - b|| / ||b - start||: how large a disagreement is beside the step itself.
double relative(std::span<const float> a, std::span<const float> b, std::span<const float> start) {
  double difference = 0, length = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(double{a[i]} - double{b[i]}, 2);
    length += std::pow(double{b[i]} - double{start[i]}, 2);
  }
  return std::sqrt(difference / length);
}

Rows random_labels(std::size_t samples, std::uint32_t labels, std::uint64_t seed) {
  return random_data(samples, 10, labels, seed).y;
}

}  // namespace

TEST_CASE("shared and per-sample output agree on the same set, over several pieces and sample blocks", "[unit][levels]") {
  const auto loss = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const auto fused = GENERATE(true, false);
  // Fused: 512 rows make a piece, a quarter of the samples a block. Otherwise 8,192 and 256.
  const auto [rows, samples, exact] = GENERATE(table<std::uint32_t, std::size_t, std::size_t>(
      {{100, 9, 40}, {512, 7, 512}, {513, 5, 500}, {1100, 90, 1100}, {8193, 5, 8000}, {17000, 3, 8200}, {64, 300, 20}}));
  CAPTURE(static_cast<int>(loss), static_cast<int>(storage), fused, rows, samples, exact);
  constexpr std::size_t kWidth = 12;
  Config config = small_config();
  config.storage = storage;
  config.loss = loss;
  config.fused = fused;
  config.active = rows;  // what the paths make room for
  const Rows labels = random_labels(samples, 16, 5);
  ActiveSet set;
  set.ids.resize(rows);
  std::iota(set.ids.begin(), set.ids.end(), 0u);
  std::reverse(set.ids.begin() + 16, set.ids.end());  // labels first; the order of the others is free
  set.labels = 16;
  set.exact = exact;
  for (std::size_t j = exact; j < rows; ++j) set.log_weights.push_back(1.5f - 0.5f * static_cast<float>(j % 3));
  const std::uint32_t spare = 3;  // rows that no set holds
  const FixedSampler shared_sampler(set);
  // In a per-sample set the sample's own labels come first; give it the same rows and weights in that order.
  class OwnFirst final : public Sampler {
   public:
    explicit OwnFirst(const ActiveSet& set) : set_(set) {}
    void select(const SampleGroup& group, hashing::StampSet&, ActiveSet& out) const noexcept override {
      out = set_;
      const auto own = group.labels.row_ids(group.first);
      std::stable_partition(out.ids.begin(), out.ids.begin() + 16,
                            [&](std::uint32_t id) { return std::find(own.begin(), own.end(), id) != own.end(); });
      out.labels = own.size();
    }

   private:
    const ActiveSet& set_;
  };

  const Outcome shared = output_step(Scope::shared, config, shared_sampler, rows + spare, kWidth, labels);
  const Outcome single = output_step(Scope::sample, config, OwnFirst(set), rows + spare, kWidth, labels);
  REQUIRE(shared.report.ok);
  REQUIRE(single.report.ok);
  REQUIRE(shared.report.loss == Approx(single.report.loss).epsilon(storage == Storage::fp32 ? 3e-6 : 1e-5));
  REQUIRE(shared.report.active_rows == samples * rows);
  REQUIRE(single.report.active_rows == samples * rows);
  REQUIRE(shared.report.rows_touched == rows);
  REQUIRE(single.report.rows_touched == rows);
  REQUIRE(shared.report.probed == single.report.probed);
  REQUIRE(shared.report.hits == single.report.hits);

  ParameterRows start(rows + spare, kWidth, {storage, true, true, {}});
  start.randomize(0.5, 3);
  std::vector<float> before((rows + spare) * kWidth);
  for (std::size_t i = 0; i < rows + spare; ++i) start.read(i, before.data() + i * kWidth);
  const std::span<const float> shared_rows(shared.weights.data(), before.size()),
      single_rows(single.weights.data(), before.size());
  for (std::size_t i = rows * kWidth; i < before.size(); ++i)
    REQUIRE(shared.weights[i] == before[i]);  // rows outside the set stay
  const std::vector<float> zeros(shared.hidden_gradient.size());
  if (storage == Storage::fp32) {
    REQUIRE(relative(shared_rows, single_rows, before) < 1e-5);
    REQUIRE(worst(shared.weights, single.weights) < 1e-5);
    REQUIRE(relative(shared.hidden_gradient, single.hidden_gradient, zeros) < 1e-5);
  } else {
    // Where products read bf16, the shared path rounds the logit gradients to 8 bits (1 part in 256 each, independent); the other
    // does not.
    REQUIRE(relative(shared_rows, single_rows, before) < 4e-3);
    REQUIRE(relative(shared.hidden_gradient, single.hidden_gradient, zeros) < 4e-3);
  }
}

TEST_CASE("bf16-mixed output stays near fp32", "[unit][levels]") {
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  constexpr std::uint32_t kRows = 200;
  constexpr std::size_t kWidth = 33;
  Config config = small_config();
  config.sampler = SamplerKind::uniform;
  config.active = kRows;
  const auto sampler = make_sampler(config, kRows, {});
  const Rows labels = random_labels(40, kRows, 6);
  config.storage = Storage::fp32;
  const Outcome exact = output_step(scope, config, *sampler, kRows, kWidth, labels);
  config.storage = Storage::bf16_mixed;
  const Outcome rounded = output_step(scope, config, *sampler, kRows, kWidth, labels);
  ParameterRows start(kRows, kWidth, {Storage::fp32, true, true, {}});
  start.randomize(0.5, 3);
  std::vector<float> before(kRows * kWidth);
  for (std::size_t i = 0; i < kRows; ++i) start.read(i, before.data() + i * kWidth);
  REQUIRE(rounded.report.loss == Approx(exact.report.loss).epsilon(2e-3));
  REQUIRE(relative(std::span(rounded.weights).first(before.size()), std::span(exact.weights).first(before.size()), before) <
          1e-2);
  REQUIRE(relative(rounded.hidden_gradient, exact.hidden_gradient, std::vector<float>(exact.hidden_gradient.size())) < 1e-2);
}

TEST_CASE("the full sampler equals per-sample sets that hold every row, through the whole network", "[unit][levels]") {
  const auto loss = GENERATE(LossKind::softmax, LossKind::decoupled, LossKind::bce);
  const auto labels = GENERATE(50u, 9000u);
  const auto fused = GENERATE(true, false);
  Config config = small_config();
  config.fused = fused;
  config.storage = Storage::fp32;
  config.optimizer = OptimizerKind::sgd;
  config.loss = loss;
  config.active = 100000;
  const Data data = random_data(30, 25, labels, 12);
  std::vector<std::vector<float>> results;
  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  double first_loss = 0;
  for (const bool full : {true, false}) {
    config.sampler = full ? SamplerKind::full : SamplerKind::uniform;
    config.scope = full ? Scope::shared : Scope::sample;
    Model model = make_model(config, data);
    TrainingStep step(model.impl());
    const auto report = step.run(data.view(), {all, {}, 1.0});
    if (full) first_loss = report.output.loss;
    REQUIRE(report.output.loss == Approx(first_loss).epsilon(1e-6));
    results.push_back(all_weights(model));
  }
  REQUIRE(worst(results[0], results[1]) < 2e-6);
}

}  // namespace glissade::test
