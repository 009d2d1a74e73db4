// Updates of single rows: lazy Adam against dense Adam in doubles, SGD, decay, both storages.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/parameters/row_optimizer.h"
#include "hashing/seeds.h"

namespace glissade::test {
namespace {

constexpr std::size_t kRowWidth = 37;

std::vector<float> random_gradient(std::uint64_t seed) {
  hashing::Random random(hashing::mix(seed));
  std::vector<float> gradient(kRowWidth);
  for (float& g : gradient) g = static_cast<float>(random.unit() - 0.5);
  return gradient;
}

float bias_gradient(std::uint64_t step) { return static_cast<float>(std::sin(static_cast<double>(step))); }

ParameterRows rows_of(Storage storage, OptimizerKind kind = OptimizerKind::adam) {
  Config config;
  config.network.storage = storage;
  config.optimizer.kind = kind;
  ParameterRows rows(3, kRowWidth, ParameterRows::Options::of(config, true));
  rows.randomize(0.5, 2);
  return rows;
}

/// Adam as in the paper, one weight, with decoupled decay; weights move only in steps that touch the row.
struct Scalar {
  double w, m = 0, v = 0;
  void step(double g, bool row_touched, std::uint64_t t, const Config& config, double rate, double decay) {
    m = config.optimizer.beta1 * m + (1 - config.optimizer.beta1) * g;
    v = config.optimizer.beta2 * v + (1 - config.optimizer.beta2) * g * g;
    if (!row_touched) return;
    const double m_hat = m / (1 - std::pow(config.optimizer.beta1, static_cast<double>(t)));
    const double v_hat = v / (1 - std::pow(config.optimizer.beta2, static_cast<double>(t)));
    w = w * (1 - rate * decay) - rate * m_hat / (std::sqrt(v_hat) + config.optimizer.epsilon);
  }
};

constexpr std::uint64_t kRowSteps = 60;
bool row_touched(std::uint64_t step) { return step % 3 == 1 || step % 7 == 0 || step > 55; }

}  // namespace

TEST_CASE("lazy Adam is Adam with zero gradients in between, except that weights wait", "[unit][levels]") {
  const auto decay = GENERATE(0.0, 0.1);
  Config config;
  config.optimizer.weight_decay = decay;
  ParameterRows rows = rows_of(Storage::fp32);
  std::vector<float> start(kRowWidth);
  rows.read(1, start.data());
  std::vector<Scalar> dense;
  dense.reserve(start.size());
  for (const float w : start) dense.push_back({w});
  Scalar bias{0};
  for (std::uint64_t step = 1; step <= kRowSteps; ++step) {
    const double rate = 0.01 / static_cast<double>(step);
    const auto gradient = random_gradient(step);
    const bool now = row_touched(step);
    for (std::size_t j = 0; j < kRowWidth; ++j) dense[j].step(now ? gradient[j] : 0.f, now, step, config, rate, decay);
    bias.step(now ? bias_gradient(step) : 0.f, now, step, config, rate, 0);  // biases do not decay
    if (now) RowOptimizer(config, rate, step).update(rows, 1, gradient.data(), bias_gradient(step));
  }
  REQUIRE(rows.row_steps[1] == kRowSteps);
  for (std::size_t j = 0; j < kRowWidth; ++j) {
    const std::size_t at = rows.stride() + j;
    REQUIRE(rows.first_moment[at] == Approx(dense[j].m).epsilon(1e-4).margin(1e-7));
    REQUIRE(rows.second_moment[at] == Approx(dense[j].v).epsilon(1e-5));
    REQUIRE(rows.weights[at] == Approx(dense[j].w).margin(2e-6));
  }
  REQUIRE(rows.bias[1] == Approx(bias.w).margin(2e-6));
  REQUIRE(rows.bias_first_moment[1] == Approx(bias.m).epsilon(1e-4));
  REQUIRE(rows.bias_second_moment[1] == Approx(bias.v).epsilon(1e-5));
}

TEST_CASE("skipped steps and steps with zero gradients leave the same moments", "[unit][levels]") {
  Config config;
  ParameterRows lazy = rows_of(Storage::fp32), dense = rows_of(Storage::fp32);
  const std::vector<float> zeros(kRowWidth);
  for (std::uint64_t step = 1; step <= kRowSteps; ++step) {
    const RowOptimizer optimizer(config, 0.01, step);
    const auto gradient = random_gradient(step);
    if (row_touched(step)) optimizer.update(lazy, 1, gradient.data(), 0.f);
    optimizer.update(dense, 1, row_touched(step) ? gradient.data() : zeros.data(), 0.f);
  }
  bool weights_differ = false;
  for (std::size_t i = 0; i < lazy.first_moment.size(); ++i) {
    REQUIRE(lazy.first_moment[i] == Approx(dense.first_moment[i]).epsilon(1e-4).margin(1e-7));
    REQUIRE(lazy.second_moment[i] == Approx(dense.second_moment[i]).epsilon(1e-5));
    weights_differ |= lazy.weights[i] != dense.weights[i];
  }
  REQUIRE(weights_differ);  // dense Adam keeps moving by its momentum
}

TEST_CASE("the bf16-mixed master follows the fp32 trajectory to the bit", "[unit][levels]") {
  const auto kind = GENERATE(OptimizerKind::adam, OptimizerKind::adagrad, OptimizerKind::momentum, OptimizerKind::sgd);
  Config config;
  config.optimizer.kind = kind;
  config.optimizer.weight_decay = 0.01;
  ParameterRows plain = rows_of(Storage::fp32, kind), halves = rows_of(Storage::bf16_mixed, kind);
  std::vector<float> a(kRowWidth), b(kRowWidth), seen(kRowWidth);
  for (std::uint64_t step = 1; step <= kRowSteps; ++step) {
    if (!row_touched(step)) continue;
    const RowOptimizer optimizer(config, 0.02, step);
    const auto gradient = random_gradient(step);
    const float moved_plain = optimizer.update(plain, 2, gradient.data(), bias_gradient(step));
    const float moved_halves = optimizer.update(halves, 2, gradient.data(), bias_gradient(step));
    REQUIRE(moved_plain == Approx(moved_halves).epsilon(1e-5));
    plain.read(2, a.data());
    halves.read(2, b.data());
    REQUIRE(a == b);
    REQUIRE(plain.bias[2] == halves.bias[2]);
    halves.read_forward(2, seen.data());
    for (std::size_t j = 0; j < kRowWidth; ++j) REQUIRE(std::abs(seen[j] - b[j]) <= std::abs(b[j]) / 256);
  }
}

TEST_CASE("SGD: w - rate * gradient after decay; the change's squared length counts the bias", "[unit][levels]") {
  Config config;
  config.optimizer.kind = OptimizerKind::sgd;
  config.optimizer.weight_decay = 0.25;
  ParameterRows rows = rows_of(Storage::fp32, OptimizerKind::sgd);
  REQUIRE(rows.first_moment.empty());
  std::vector<float> before(kRowWidth), after(kRowWidth), other(kRowWidth), other_after(kRowWidth);
  rows.read(1, before.data());
  rows.read(0, other.data());
  rows.bias[1] = 0.5f;
  const auto gradient = random_gradient(1);
  const float change = RowOptimizer(config, 0.1, 1).update(rows, 1, gradient.data(), 2.f);
  rows.read(1, after.data());
  rows.read(0, other_after.data());
  double square = 0.2 * 0.2;
  for (std::size_t j = 0; j < kRowWidth; ++j) {
    REQUIRE(after[j] == Approx(before[j] * (1 - 0.1 * 0.25) - 0.1 * gradient[j]).margin(1e-7));
    square += std::pow(double{after[j]} - before[j], 2);
  }
  REQUIRE(change == Approx(square).epsilon(1e-4));
  REQUIRE(rows.bias[1] == Approx(0.5 - 0.2));
  REQUIRE(other == other_after);
  REQUIRE(rows.row_steps[1] == 1);
  REQUIRE(rows.row_steps[0] == 0);
}

TEST_CASE("the padding of rows stays zero", "[unit][levels]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  Config config;
  ParameterRows rows = rows_of(storage);
  RowOptimizer(config, 0.1, 1).update(rows, 1, random_gradient(3).data(), 1.f);
  REQUIRE(rows.stride() > rows.width());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    for (std::size_t j = rows.width(); j < rows.stride(); ++j) {
      const std::size_t at = row * rows.stride() + j;
      if (storage == Storage::fp32) {
        REQUIRE(rows.weights[at] == 0.f);
      } else {
        REQUIRE(rows.high[at] == 0);
        REQUIRE(rows.low[at] == 0);
      }
      REQUIRE(rows.second_moment[at] == 0.f);
    }
  }
}

TEST_CASE("random weights depend on seed and row alone and fill their range", "[unit]") {
  ParameterRows few(100, kRowWidth, {Storage::fp32, true, true, {}}),
      many(1000, kRowWidth, {Storage::bf16_mixed, false, true, {}});
  few.randomize(0.25, 9);
  many.randomize(0.25, 9);
  std::vector<float> a(kRowWidth), b(kRowWidth);
  double sum = 0, square = 0;
  for (std::size_t row = 0; row < 100; ++row) {
    few.read(row, a.data());
    many.read_forward(row, b.data());
    for (std::size_t j = 0; j < kRowWidth; ++j) {
      REQUIRE(std::abs(a[j]) <= 0.25f);
      REQUIRE(b[j] == Approx(a[j]).epsilon(1.0 / 256).margin(1e-9));
      sum += a[j];
      square += double{a[j]} * a[j];
    }
  }
  REQUIRE(std::abs(sum / 3700) < 0.25 / std::sqrt(3.0) / std::sqrt(3700.0) * 4);
  REQUIRE(square / 3700 == Approx(0.25 * 0.25 / 3).epsilon(0.06));
}

TEST_CASE("rows of different widths are updated as rows of one width are, each in its place", "[unit][levels]") {
  const auto kind = GENERATE(OptimizerKind::adam, OptimizerKind::adagrad);
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  Config config;
  config.optimizer.kind = kind;
  config.network.storage = storage;
  const std::vector<std::uint64_t> begins = {0, 5, 5, kRowWidth + 5, kRowWidth + 8};
  ParameterRows ragged(begins, ParameterRows::Options::of(config, true));
  CHECK(ragged.rows() == 4);
  CHECK(ragged.width() == kRowWidth);
  CHECK(ragged.width(1) == 0);
  CHECK(ragged.begin(3) == kRowWidth + 5);
  for (const std::size_t row : {std::size_t{0}, std::size_t{2}, std::size_t{3}}) {
    const std::size_t width = ragged.width(row);
    ParameterRows alone(4, width, ParameterRows::Options::of(config, true));
    const std::vector<float> start = random_gradient(100 + row);
    alone.write(row, start.data());
    ragged.write(row, start.data());
    for (std::uint64_t step = 1; step < 4; ++step) {
      const std::vector<float> gradient = random_gradient(step);
      RowOptimizer(config, 0.1, step).update(alone, row, gradient.data(), 0.3f);
      RowOptimizer(config, 0.1, step).update(ragged, row, gradient.data(), 0.3f);
    }
    std::vector<float> a(width), b(width);
    alone.read(row, a.data());
    ragged.read(row, b.data());
    CHECK(a == b);
    CHECK(alone.bias[row] == ragged.bias[row]);
    alone.read_forward(row, a.data());
    ragged.read_forward(row, b.data());
    CHECK(a == b);
  }
}

TEST_CASE("with a usual width a weight has the same rate in a short row and in a long one", "[unit]") {
  ParameterRows::Options options;
  options.storage = Storage::fp32;
  options.state.second = OptimizerState::Second::row;
  options.usual_width = 10;
  const std::vector<std::uint64_t> begins = {0, 1, 9};
  ParameterRows rows(begins, options);
  const std::vector<float> gradient = {2, 0, 0, 0, 0, 0, 0, 0};
  const OptimizerOptions adagrad{.kind = OptimizerKind::adagrad, .epsilon = 0};
  for (const std::size_t row : {std::size_t{0}, std::size_t{1}})
    RowOptimizer(adagrad, 0.5, 1).update(rows, row, gradient.data(), 0);
  CHECK(rows.weights[0] == Approx(-0.5 * 2 / std::sqrt(4.0 / 10)));
  CHECK(rows.weights[1] == rows.weights[0]);
}

TEST_CASE("a row without weights is its bias alone", "[unit]") {
  ParameterRows::Options options;
  options.storage = Storage::fp32;
  options.state.second = OptimizerState::Second::row;
  ParameterRows rows(2, 0, options);
  const OptimizerOptions adagrad{.kind = OptimizerKind::adagrad, .epsilon = 0};
  RowOptimizer(adagrad, 0.5, 1).update(rows, 1, nullptr, 3.f);
  RowOptimizer(adagrad, 0.5, 2).update(rows, 1, nullptr, 4.f);
  CHECK(rows.bias[0] == 0.f);
  CHECK(rows.bias[1] == Approx(-0.5 - 0.5 * 4 / 5));
}

}  // namespace glissade::test
