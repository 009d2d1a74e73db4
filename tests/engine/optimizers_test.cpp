// Every optimiser, storage and kind of state: against plain doubles, row by row; without bias where it rounds; on disk; learning.

#include <oneapi/tbb/global_control.h>
#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include <glissade/metrics.h>
#include <glissade/options.h>

#include "engine/parameters/row_optimizer.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::size_t kWidth = 37;
constexpr std::uint64_t kSteps = 30;
bool touched(std::uint64_t step) { return step % 3 == 1 || step % 7 == 0 || step > 26; }

std::vector<float> gradient_of(std::uint64_t step) {
  hashing::Random random(hashing::mix(step));
  std::vector<float> gradient(kWidth);
  for (float& g : gradient) g = static_cast<float>(random.unit() - 0.5);
  return gradient;
}

/// A row in doubles, as the comment of RowOptimizer describes it: dense in the moments, lazy in the weights. The last weight is
/// the bias: no decay, and a second moment of its own.
class ReferenceRow {
 public:
  ReferenceRow(const Config& config, const std::vector<double>& weights)
      : config_(config), w(weights), m_(weights.size()), v_(weights.size()) {}

  void step(const std::vector<double>& g, bool now, double rate, std::uint64_t t) {
    const bool adam = config_.optimizer.kind == OptimizerKind::adam;
    const bool per_row =
        config_.optimizer.kind == OptimizerKind::adagrad || (adam && config_.optimizer.second_moment == SecondMoment::row);
    const std::size_t bias = w.size() - 1;
    double mean = 0;
    for (std::size_t j = 0; j < bias; ++j) mean += g[j] * g[j] / static_cast<double>(bias);
    for (std::size_t j = 0; j < w.size(); ++j) {
      const double square = per_row && j != bias ? mean : g[j] * g[j];
      const double decay = j == bias ? 1 : 1 - rate * config_.optimizer.weight_decay;
      double moved = rate * g[j];
      if (adam) {
        m_[j] = config_.optimizer.beta1 * m_[j] + (1 - config_.optimizer.beta1) * g[j];
        v_[j] = config_.optimizer.beta2 * v_[j] + (1 - config_.optimizer.beta2) * square;
        const double root = std::sqrt(v_[j] / (1 - std::pow(config_.optimizer.beta2, static_cast<double>(t))));
        moved =
            rate * m_[j] / (1 - std::pow(config_.optimizer.beta1, static_cast<double>(t))) / (root + config_.optimizer.epsilon);
      } else if (config_.optimizer.kind == OptimizerKind::adagrad) {
        v_[j] += square;
        moved = rate * g[j] / (std::sqrt(v_[j]) + config_.optimizer.epsilon);
      } else if (config_.optimizer.kind == OptimizerKind::momentum) {
        m_[j] = config_.optimizer.beta1 * m_[j] + g[j];
        moved = rate * m_[j];
      }
      if (now) w[j] = w[j] * decay - moved;
    }
  }

 private:
  const Config& config_;

 public:
  std::vector<double> w;

 private:
  std::vector<double> m_, v_;
};

Config config_of(const Mode& mode) {
  Config config;
  mode.apply(config);
  config.optimizer.weight_decay = 0.05;
  return config;
}

}  // namespace

TEST_CASE("every mode follows its equations in doubles, skipped steps included", "[unit][levels]") {
  for (const Mode& mode : modes()) {
    CAPTURE(mode.name);
    const Config config = config_of(mode);
    // All rows do the same; where it rounds, their mean does what one row in doubles does.
    const std::size_t count = mode.rounds() ? 600 : 1;
    ParameterRows rows(count, kWidth, ParameterRows::Options::of(config, true));
    std::vector<float> start(kWidth);
    rows.randomize(0.5, 2);
    rows.read(0, start.data());
    for (std::size_t row = 0; row < count; ++row) rows.write(row, start.data());
    std::vector<double> weights(start.begin(), start.end());
    weights.push_back(0);
    ReferenceRow reference(config, weights);
    for (std::uint64_t step = 1; step <= kSteps; ++step) {
      const double rate = 0.01 * (1 + 1 / static_cast<double>(step));
      const bool now = touched(step);
      auto gradient = gradient_of(step);
      const auto bias = static_cast<float>(std::sin(static_cast<double>(step)));
      std::vector<double> exact(kWidth + 1);
      if (now) std::copy(gradient.begin(), gradient.end(), exact.begin());
      if (now) exact.back() = bias;
      reference.step(exact, now, rate, step);
      if (!now) continue;
      const RowOptimizer optimizer(config, rate, step);
      for (std::size_t row = 0; row < count; ++row) optimizer.update(rows, row, gradient.data(), bias);
    }
    std::vector<double> sum(kWidth), squares(kWidth);
    std::vector<float> values(kWidth);
    for (std::size_t row = 0; row < count; ++row) {
      rows.read(row, values.data());
      for (std::size_t j = 0; j < kWidth; ++j) {
        sum[j] += values[j];
        squares[j] += double{values[j]} * values[j];
      }
      REQUIRE(rows.bias[row] == Approx(reference.w.back()).margin(3e-6));  // a float with every storage
    }
    const auto n = static_cast<double>(count);
    for (std::size_t j = 0; j < kWidth; ++j) {
      const double mean = sum[j] / n;
      const double deviation = std::sqrt(std::max(0.0, squares[j] / n - mean * mean) / n);
      // Rounding leaves m and v without bias, the root of v nearly so.
      const double slack = mode.rounds() ? 6 * deviation + 2e-3 * std::abs(reference.w[j] - weights[j]) : 0;
      CAPTURE(j, weights[j], deviation);
      REQUIRE(mean == Approx(reference.w[j]).margin(3e-6 + slack));
    }
  }
}

TEST_CASE("a change far below the last bit of a bf16 weight still moves it as often as it should", "[property]") {
  Config config;
  config.network.storage = Storage::bf16;
  config.optimizer.kind = OptimizerKind::sgd;
  constexpr std::size_t kRows = 2000;
  ParameterRows rows(kRows, kWidth, ParameterRows::Options::of(config, true));
  const std::vector<float> start(kWidth, 0.75f), gradient(kWidth, 1.f);  // neighbours of 0.75 are 1/256 away
  for (std::size_t row = 0; row < kRows; ++row) rows.write(row, start.data());
  constexpr double kStep = 1.0 / 256 / 50;
  const RowOptimizer optimizer(config, kStep, 1);
  std::size_t moved = 0;
  std::vector<float> values(kWidth);
  for (std::size_t row = 0; row < kRows; ++row) {
    const float change = optimizer.update(rows, row, gradient.data(), 0.f);
    REQUIRE(change == Approx(kWidth * kStep * kStep).epsilon(0.01));  // what was meant, not what the rounding made of it
    rows.read(row, values.data());
    for (const float value : values) {
      REQUIRE((value == 0.75f || value == 0.75f - 1.f / 256));
      moved += value != 0.75f;
    }
  }
  constexpr double kDraws = kRows * kWidth, kExpected = kDraws / 50;
  REQUIRE(std::abs(static_cast<double>(moved) - kExpected) < 5 * std::sqrt(kExpected));
}

TEST_CASE("a bf16 second moment follows gradients that change it by a thousandth a step", "[property]") {
  Config config;
  config.optimizer.moments = MomentType::bf16;
  constexpr std::size_t kRows = 40;
  ParameterRows rows(kRows, kWidth, ParameterRows::Options::of(config, true));
  const std::vector<float> gradient(kWidth, 0.1f);
  for (std::uint64_t step = 1; step <= 1500; ++step) {
    const RowOptimizer optimizer(config, 1e-4, step);
    for (std::size_t row = 0; row < kRows; ++row) optimizer.update(rows, row, gradient.data(), 0.f);
  }
  double sum = 0;
  std::vector<float> v(kWidth);
  for (std::size_t row = 0; row < kRows; ++row) {
    simd::kernels().widen(rows.second_moment_bf16.data() + row * rows.stride(), v.data(), kWidth);
    for (const float value : v) sum += value;
  }
  REQUIRE(sum / (kRows * kWidth) == Approx(0.01 * (1 - std::pow(0.999, 1500))).epsilon(0.01));
}

TEST_CASE("rounding is a function of seed, step, block and row", "[unit]") {
  Config config;
  config.network.storage = Storage::bf16;
  config.optimizer.kind = OptimizerKind::sgd;
  const std::vector<float> start(kWidth, 0.75f), gradient(kWidth, 0.3f);
  const auto rounded = [&](std::uint64_t seed, std::uint64_t step, std::uint64_t stream, std::size_t row) {
    config.run.seed = seed;
    auto options = ParameterRows::Options::of(config, true);
    options.stream = stream;
    ParameterRows rows(3, kWidth, options);
    rows.write(row, start.data());
    RowOptimizer(config, 0.005, step).update(rows, row, gradient.data(), 0.f);
    std::vector<float> values(kWidth);
    rows.read(row, values.data());
    return values;
  };
  const auto first = rounded(1, 1, 1, 1);
  REQUIRE(first == rounded(1, 1, 1, 1));
  REQUIRE(first != rounded(2, 1, 1, 1));
  REQUIRE(first != rounded(1, 2, 1, 1));
  REQUIRE(first != rounded(1, 1, 2, 1));
  REQUIRE(first != rounded(1, 1, 1, 2));
}

TEST_CASE("wide rows are updated in blocks, none of them twice and none left out", "[unit]") {
  constexpr std::size_t kWide = 1300;
  for (const Mode& mode : modes()) {
    CAPTURE(mode.name);
    const Config config = config_of(mode);
    ParameterRows rows(1, kWide, ParameterRows::Options::of(config, true));
    std::vector<float> start(kWide), after(kWide), gradient(kWide);
    rows.randomize(0.5, 3);
    rows.read(0, start.data());
    for (std::size_t j = 0; j < kWide; ++j) gradient[j] = j % 2 == 0 ? 1.f : -1.f;
    RowOptimizer(config, 0.1, 1).update(rows, 0, gradient.data(), 0.f);
    rows.read(0, after.data());
    for (std::size_t j = 0; j < kWide; ++j) {
      CAPTURE(j);
      REQUIRE(start[j] - after[j] == Approx(0.1 * gradient[j] + 0.005 * start[j]).margin(0.004));
    }
  }
}

TEST_CASE("the footprint of rows is what they take", "[unit]") {
  for (const Mode& mode : modes()) {
    for (const bool trainable : {true, false}) {
      for (const bool with_bias : {true, false}) {
        CAPTURE(mode.name, trainable, with_bias);
        auto options = ParameterRows::Options::of(config_of(mode), trainable);
        options.with_bias = with_bias;
        for (const auto& one : {options, options.in_floats()}) {
          const auto bytes = ParameterRows::footprint(7, kWidth, one);
          REQUIRE(ParameterRows(7, kWidth, one).memory_bytes() == bytes.weights + bytes.state);
        }
      }
    }
  }
}

TEST_CASE("the memory estimate knows every mode", "[unit]") {
  for (const Mode& mode : modes()) {
    CAPTURE(mode.name);
    Config config = small_config();
    mode.apply(config);
    config.network.hidden = {33, 16};
    const MemoryEstimate need = estimate_training_memory(config, {60, 40});
    const Model model = must(Model::create(config, {60, 40}));
    REQUIRE(impl_of(model).network.memory_bytes() == need.weights + need.optimizer_state);
  }
}

TEST_CASE("every mode: same bytes for any number of threads, and after a restart", "[unit][levels]") {
  const tbb::global_control more_than_cores(tbb::global_control::max_allowed_parallelism, 4);
  const Data data = planted_data(300, 80, 60, 5);
  for (const Mode& mode : modes()) {
    CAPTURE(mode.name);
    Config config = small_config();
    mode.apply(config);
    config.network.hidden = {20, 16};
    config.training.hidden_dropout = 0.1;
    Model straight = make_model(config, data);
    train(straight, data, 4);
    const std::string expected = saved(straight);
    config.run.threads = 3;
    Model parallel = make_model(config, data);
    train(parallel, data, 4);
    REQUIRE((saved(parallel) == expected));
    const TemporaryFolder folder;
    {
      Model half = make_model(config, data);
      train(half, data, 2);
      must(half.save(folder.file("half.glsd")));
    }
    Model resumed = must(Model::load(folder.file("half.glsd"), LoadFor::training));
    train(resumed, data, 2);
    REQUIRE((saved(resumed) == expected));

    // For prediction the weights alone are enough, mapped from the file.
    const Predictions asked = must(straight.predict(data.x.view()));
    must(straight.save(folder.file("slim.glsd"), false));
    const Predictions mapped = must(must(Model::load(folder.file("slim.glsd"))).predict(data.x.view()));
    REQUIRE(mapped.labels == asked.labels);
    REQUIRE(mapped.scores == asked.scores);
  }
}

TEST_CASE("every mode learns a planted problem", "[unit]") {
  const Data data = planted_data(1500, 300, 100, 42), test = planted_data(400, 300, 100, 43);
  for (const auto sampler : {SamplerKind::uniform, SamplerKind::lsh}) {
    for (const Mode& mode : modes()) {
      Config config = small_config();
      mode.apply(config);
      config.active_set.sampler = sampler;
      config.network.hidden = {32};
      config.active_set.size = 64;
      config.training.epochs = 8;
      Model model = make_model(config, data);
      const auto losses = train(model, data, 8);
      const double precision = must(evaluate(model, test.view())).metrics.precision[0];
      CAPTURE(mode.name, static_cast<int>(sampler), losses.front(), losses.back(), precision);
      CHECK(losses.back() < 0.6 * losses.front());
      CHECK(precision > 0.6);
    }
  }
}

}  // namespace glissade::test
