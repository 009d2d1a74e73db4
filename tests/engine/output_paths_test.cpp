// The two output paths and the piece loop: different routes to the same sums.

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "engine/dense/gemm.h"
#include "engine/output/half_range.h"
#include "engine/output/output_path.h"
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

/// How large the numbers of a step are: hidden values up to `hidden`, weights up to about half of `weights`.
struct Sizes {
  double hidden = 1, weights = 1;
};

/// Whether the products of a step are in half precision here, which has 11 bits and rounds its sums to them.
bool in_half_precision(Storage storage) { return dense::step_element_for(storage) == dense::Element::f16; }

/// One SGD step of the output layer alone.
Outcome output_step(Scope scope, Config config, const Sampler& sampler, std::size_t rows, std::size_t width, const Rows& labels,
                    const Sizes& sizes = {}) {
  config.active_set.scope = scope;
  config.optimizer.kind = OptimizerKind::sgd;
  const std::size_t samples = labels.offsets.size() - 1;
  ParameterRows parameters(rows, width, {config.network.storage, true, true, {}});
  parameters.randomize(0.5 * sizes.weights, 3);
  hashing::Random random(4);
  for (std::size_t i = 0; i < rows; ++i) parameters.bias[i] = static_cast<float>(random.unit() - 0.5);
  Activations hidden;
  hidden.resize(samples, width, config.network.storage != Storage::fp32);
  for (std::size_t s = 0; s < samples; ++s) {
    for (std::size_t j = 0; j < width; ++j) hidden.row(s)[j] = static_cast<float>(sizes.hidden * random.unit());
  }
  activate(hidden, Activation::relu, 0, 0);
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
  config.network.storage = storage;
  config.network.loss = loss;
  config.active_set.fused = fused;
  config.active_set.size = rows;  // what the paths make room for
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
  const double loss_budget = storage == Storage::fp32 ? 3e-6 : fused && in_half_precision(storage) ? 1e-4 : 1e-5;
  REQUIRE(shared.report.loss == Approx(single.report.loss).epsilon(loss_budget));
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

TEST_CASE("numbers of any size give the fused path what they give sets per sample", "[unit][levels]") {
  // Half precision ends at 65,504: from some size on, the step must do without it; and it must not lose small numbers before.
  const auto loss = GENERATE(LossKind::softmax, LossKind::bce);
  const auto storage = GENERATE(Storage::bf16_mixed, Storage::bf16);
  const auto [hidden, weights] =
      GENERATE(table<double, double>({{1e-4, 1e-2}, {1, 1}, {100, 0.05}, {3e4, 1e-4}, {1e6, 1e-6}, {1e-5, 1e5}, {1e5, 1e-2}}));
  CAPTURE(static_cast<int>(loss), static_cast<int>(storage), hidden, weights);
  constexpr std::uint32_t kRows = 300;
  constexpr std::size_t kWidth = 128, kSamples = 200;
  Config config = small_config();
  config.network.storage = storage;
  config.network.loss = loss;
  config.active_set.sampler = SamplerKind::uniform;
  config.active_set.size = kRows;
  const auto sampler = make_sampler(config, kRows, {});
  const Rows labels = random_labels(kSamples, kRows, 6);
  const Sizes sizes{hidden, weights};
  const Outcome fused = output_step(Scope::shared, config, *sampler, kRows, kWidth, labels, sizes);
  const Outcome exact = output_step(Scope::sample, config, *sampler, kRows, kWidth, labels, sizes);
  REQUIRE(std::isfinite(fused.report.loss));
  REQUIRE(fused.report.loss == Approx(exact.report.loss).epsilon(1e-3));
  const std::vector<float> zeros(fused.hidden_gradient.size());
  REQUIRE(relative(fused.hidden_gradient, exact.hidden_gradient, zeros) < 6e-3);
  // Biases change by the sums of the gradients themselves.
  std::vector<float> before(kRows);
  hashing::Random random(4);
  for (float& bias : before) bias = static_cast<float>(random.unit() - 0.5);
  REQUIRE(relative(std::span(fused.weights).last(kRows), std::span(exact.weights).last(kRows), before) < 6e-3);
}

TEST_CASE("gradients are scaled as far as half precision reaches, and no further", "[unit]") {
  for (const float hidden : {0.f, 0.05f, 1.f, 1.7f, 12.f, 300.f, 4000.f}) {
    for (const float weight : {0.f, 0.01f, 0.3f, 2.f, 50.f, 4000.f}) {
      for (const float gradient : {1e-6f, 1.f / 1024, 0.01f, 3.f}) {
        CAPTURE(hidden, weight, gradient);
        const float scale = half_gradient_scale({hidden, weight, gradient});
        const double longest = simd::kHalfDepth, end = 65504, factor = std::max({1.f, hidden, weight});
        if (scale == 0.f) {
          REQUIRE((longest * hidden * weight > end || longest * factor * 0.25 > end));
          continue;
        }
        REQUIRE(std::exp2(std::round(std::log2(scale))) == scale);
        REQUIRE(longest * hidden * weight <= end);
        REQUIRE(longest * scale * gradient * factor <= end);
        // Twice as much would be too much, or more than anybody needs.
        REQUIRE((2 * longest * scale * gradient * factor > end || 2 * scale * gradient > 1024));
      }
    }
  }
  REQUIRE(half_gradient_scale({1e-5f, 1.f, 0.1f}) == 0.f);
  REQUIRE(half_gradient_scale({1.f, 1e-5f, 0.1f}) == 0.f);
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  for (const float bad : {nan, infinite, 1e30f}) {
    REQUIRE(half_gradient_scale({bad, 0.1f, 0.1f}) == 0.f);
    REQUIRE(half_gradient_scale({1.f, bad, 0.1f}) == 0.f);
  }
  REQUIRE(half_gradient_scale({1.f, 1.f, nan}) == 0.f);
  REQUIRE(half_gradient_scale({1.f, 1.f, infinite}) == 0.f);
}

TEST_CASE("bf16-mixed output stays near fp32", "[unit][levels]") {
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  constexpr std::uint32_t kRows = 200;
  constexpr std::size_t kWidth = 33;
  Config config = small_config();
  config.active_set.sampler = SamplerKind::uniform;
  config.active_set.size = kRows;
  const auto sampler = make_sampler(config, kRows, {});
  const Rows labels = random_labels(40, kRows, 6);
  config.network.storage = Storage::fp32;
  const Outcome exact = output_step(scope, config, *sampler, kRows, kWidth, labels);
  config.network.storage = Storage::bf16_mixed;
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
  config.active_set.fused = fused;
  config.network.storage = Storage::fp32;
  config.optimizer.kind = OptimizerKind::sgd;
  config.network.loss = loss;
  config.active_set.size = 100000;
  const Data data = random_data(30, 25, labels, 12);
  std::vector<std::vector<float>> results;
  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  double first_loss = 0;
  for (const bool full : {true, false}) {
    config.active_set.sampler = full ? SamplerKind::full : SamplerKind::uniform;
    config.active_set.scope = full ? Scope::shared : Scope::sample;
    Model model = make_model(config, data);
    TrainingStep step(impl_of(model));
    const auto report = step.run(data.view(), {all, {}, 1.0});
    if (full) first_loss = report.output.loss;
    REQUIRE(report.output.loss == Approx(first_loss).epsilon(1e-6));
    results.push_back(all_weights(model));
  }
  REQUIRE(worst(results[0], results[1]) < 2e-6);
}

}  // namespace glissade::test
