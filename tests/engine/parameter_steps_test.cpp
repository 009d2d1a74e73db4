// What updates of parameters may not depend on, and their smallest numbers.
#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include "engine/parameters/gradient_store.h"
#include "engine/parameters/row_optimizer.h"
#include "tests/engine/models.h"

namespace glissade::test {

TEST_CASE("the length of collected gradients does not depend on the order in which rows came", "[unit]") {
  constexpr std::size_t kRows = 40, kWidth = 3;
  ParameterRows rows(kRows, kWidth, {Storage::fp32, true, true, {}});
  const auto norm = [&](bool upwards) {
    GradientStore store({&rows});
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::size_t row = upwards ? i : kRows - 1 - i;
      // One row so long that the others are lost one by one, but not together.
      const float gradient[] = {row == 0 ? 1e8f : 1.f, 0.f, 0.f};
      store.add(rows, row, gradient, 0.f, 1.f);
    }
    return store.norm();
  };
  CHECK(norm(true) == norm(false));
  CHECK(norm(true) == Approx(1e8));
}

TEST_CASE("Adagrad's rate ends where gradients are as small as epsilon, for weights and biases alike", "[unit]") {
  Config config;
  config.optimizer.kind = OptimizerKind::adagrad;
  config.optimizer.epsilon = 1e-3;
  config.network.storage = Storage::fp32;
  ParameterRows rows(1, 4, ParameterRows::Options::of(config, true));
  for (std::size_t j = 0; j < 4; ++j) rows.weights[j] = 0;
  const std::vector<float> gradient(4, 2e-3f);
  RowOptimizer(config, 0.1, 1).update(rows, 0, gradient.data(), 2e-3f);
  const double step = 0.1 * 2e-3 / (2e-3 + 1e-3);
  CHECK(rows.bias[0] == Approx(-step));
  for (std::size_t j = 0; j < 4; ++j) CHECK(rows.weights[j] == Approx(-step));
}

}  // namespace glissade::test
