// Loss curves, frozen: one thread, fixed seed, generated data. A change of these numbers is a change of what training does, and
// has to be meant.
//
// Instruction-set levels add in different orders and, with bf16-mixed, some round logit gradients to bf16, so a curve agrees with
// the frozen one to the tolerance given with it and not to the bit. On one level it is exact (determinism_test.cpp).

#include <catch2/catch.hpp>

#include <cstdio>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

struct Curve {
  const char* name;
  Storage storage;
  LossKind loss;
  SamplerKind sampler;
  Scope scope;
  double tolerance;  ///< relative
  std::vector<double> losses;
};

const Curve kCurves[] = {
    {"fp32, softmax, uniform, shared",
     Storage::fp32,
     LossKind::softmax,
     SamplerKind::uniform,
     Scope::shared,
     1e-5,
     {4.824184, 4.148642, 3.742082, 3.371710, 3.092867, 3.008642}},
    {"bf16-mixed, softmax, lsh, shared",
     Storage::bf16_mixed,
     LossKind::softmax,
     SamplerKind::lsh,
     Scope::shared,
     1e-2,  // which rows are retrieved hangs on signs of sums near 0
     {4.830504, 4.119038, 3.666145, 3.300132, 3.030887, 2.932796}},
    {"bf16-mixed, bce, uniform, per sample",
     Storage::bf16_mixed,
     LossKind::bce,
     SamplerKind::uniform,
     Scope::sample,
     1e-4,
     {51.803524, 9.818777, 9.091505, 8.039946, 7.715429, 7.588568}},
};

}  // namespace

TEST_CASE("loss curves are the frozen ones", "[unit][levels]") {
  const Data data = planted_data(600, 300, 150, 42);
  for (const Curve& curve : kCurves) {
    Config config = small_config();
    config.network.storage = curve.storage;
    config.network.loss = curve.loss;
    config.active_set.sampler = curve.sampler;
    config.active_set.scope = curve.scope;
    config.network.hidden = {24};
    config.active_set.size = 64;
    config.training.epochs = 6;
    Model model = make_model(config, data);
    const auto losses = train(model, data, 6);
    std::string text;
    for (const double loss : losses) {
      char number[32];
      std::snprintf(number, sizeof number, "%.6f, ", loss);
      text += number;
    }
    INFO(curve.name << ": " << text);
    for (std::size_t i = 1; i < losses.size(); ++i) REQUIRE(losses[i] < losses[i - 1]);
    REQUIRE(losses.size() == curve.losses.size());
    for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == Approx(curve.losses[i]).epsilon(curve.tolerance));
  }
}

}  // namespace glissade::test
