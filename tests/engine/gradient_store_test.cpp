// Steps whose gradients wait: several batches to a step, and gradients that are shortened.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/parameters/gradient_store.h"
#include "engine/parameters/row_optimizer.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) square += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(square);
}

/// Every row is active, so that batches of any size have the same set.
Config full_config() {
  Config config = small_config();
  config.network.hidden = {16, 12};
  config.active_set.sampler = SamplerKind::full;
  config.network.storage = Storage::fp32;
  config.optimizer.kind = OptimizerKind::sgd;
  config.optimizer.learning_rate = 0.5;
  config.schedule.warmup = 0;
  config.schedule.decay = DecayKind::none;
  return config;
}

}  // namespace

TEST_CASE("several batches to a step are one batch of so many times the size", "[unit][levels]") {
  const auto optimizer = GENERATE(OptimizerKind::sgd, OptimizerKind::adam);
  const Data data = planted_data(150, 80, 90, 5);  // the last step is a partial one, and so is its last batch
  Config config = full_config();
  config.optimizer.kind = optimizer;
  if (optimizer == OptimizerKind::adam) config.optimizer.learning_rate = 0.01;
  config.training.batch = 32;
  Model large = make_model(config, data);
  const std::vector<float> start = all_weights(large);
  const auto large_losses = train(large, data, 3);
  config.training.batch = 8;
  config.training.accumulate = 4;
  Model parts = make_model(config, data);
  const auto losses = train(parts, data, 3);
  CHECK(parts.step() == large.step());
  for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == Approx(large_losses[i]).epsilon(1e-4));
  const double moved = distance(all_weights(large), start);
  REQUIRE(moved > 0.1);
  CHECK(distance(all_weights(parts), all_weights(large)) < 1e-3 * moved);
}

TEST_CASE("a step is no longer than its limit, in all parameters together", "[unit]") {
  const Data data = planted_data(32, 80, 90, 5);
  const auto step = [&](double limit) {
    Config config = full_config();
    config.optimizer.clip_norm = limit;
    Model model = make_model(config, data);
    const std::vector<float> start = all_weights(model);
    Trainer trainer = must(Trainer::create(model, 1000));
    must(trainer.train_step(data.view()));
    return distance(all_weights(model), start) / config.optimizer.learning_rate;
  };
  const double free = step(0);
  REQUIRE(free > 1e-3);
  CHECK(step(0.25 * free) == Approx(0.25 * free).epsilon(1e-3));
  CHECK(step(0.9 * free) == Approx(0.9 * free).epsilon(1e-3));
  CHECK(step(2 * free) == Approx(free).epsilon(1e-3));
}

TEST_CASE("clipping keeps a run finite that diverges without", "[unit]") {
  const Data data = planted_data(150, 80, 90, 5);
  Config config = full_config();
  config.network.activation = Activation::linear;
  config.optimizer.learning_rate = 60;
  const auto loss_of_last = [&](double limit) {
    config.optimizer.clip_norm = limit;
    Model model = make_model(config, data);
    Trainer trainer = must(Trainer::create(model, data.size()));
    double loss = 0;
    for (int epoch = 0; epoch < 3; ++epoch) {
      const auto report = trainer.train_epoch(data.view());
      if (!report) return std::nan("");
      loss = report->loss;
    }
    return loss;
  };
  const double free = loss_of_last(0), clipped = loss_of_last(0.01);
  CHECK(std::isfinite(clipped));
  CHECK((std::isnan(free) || clipped < 0.5 * free));
}

TEST_CASE("kept gradients give the same model for any number of threads", "[unit]") {
  const auto scope = GENERATE(Scope::shared, Scope::sample);
  const Data data = planted_data(700, 500, 400, 3);
  Config config = small_config();
  config.network.hidden = {24, 16};
  config.active_set.sampler = SamplerKind::lsh;
  config.active_set.scope = scope;
  config.training.batch = 100;
  config.training.accumulate = 2;
  config.optimizer.clip_norm = 0.05;
  std::string first;
  for (const std::uint32_t threads : {1u, 3u, 2u}) {
    config.run.threads = threads;
    Model model = make_model(config, data);
    train(model, data, 2);
    const std::string bytes = saved(model);
    if (first.empty()) first = bytes;
    CAPTURE(threads);
    REQUIRE((bytes == first));
  }
}

TEST_CASE("gradients of a row add up until they are flushed, and are gone then", "[unit]") {
  ParameterRows::Options options;
  options.storage = Storage::fp32;
  ParameterRows rows(10, 3, options), others(4, 2, options);
  GradientStore store({&rows, &others});
  const float a[] = {1, 2, 3}, b[] = {10, 0, -3}, c[] = {0, 4};
  for (int round = 0; round < 2; ++round) {
    store.add(rows, 7, a, 2, 0.5f);
    store.add(rows, 7, b, 0, 0.5f);
    store.add(others, 0, c, 3, 1);
    CHECK(store.used_rows(rows) == 1);
    CHECK(store.used_rows(others) == 1);
    // (5.5, 1, 0 | 1) and (0, 4 | 3)
    CHECK(store.norm() == Approx(std::sqrt(5.5 * 5.5 + 1 + 1 + 16 + 9)));
    int calls = 0;
    store.flush(2, [&](ParameterRows& of, std::size_t row, const float* gradient, float bias, std::uint32_t steps) {
      CHECK(steps == 1);
      if (&of == &others) return;
      ++calls;
      CHECK(row == 7);
      CHECK(gradient[0] == 11);
      CHECK(gradient[1] == 2);
      CHECK(gradient[2] == 0);
      CHECK(bias == 2);
    });
    CHECK(calls == 1);
    CHECK(store.used_rows(rows) == 0);
    CHECK(store.norm() == 0);
  }
}

TEST_CASE("gradients that come late move a row about as far as step by step", "[unit]") {
  const auto kind = GENERATE(OptimizerKind::sgd, OptimizerKind::adagrad, OptimizerKind::adam);
  Config config = full_config();
  config.optimizer.kind = kind;
  const auto options = ParameterRows::Options::of(config, true);
  ParameterRows early(1, 4, options), late(1, 4, options);
  const float gradient[] = {0.5f, -0.25f, 1, 2};
  // Both have seen something before, so that no state begins at 0.
  for (ParameterRows* rows : {&early, &late}) RowOptimizer(config, 0.01, 1).update(*rows, 0, gradient, 1);
  for (std::uint64_t step = 2; step < 5; ++step) RowOptimizer(config, 0.01, step).update(early, 0, gradient, 1);
  RowOptimizer(config, 0.01, 4).update(late, 0, gradient, 1, 3);
  const double tolerance = kind == OptimizerKind::sgd ? 1e-5 : 0.25;
  for (int d = 0; d < 4; ++d) CHECK(late.weights[d] == Approx(early.weights[d]).epsilon(tolerance));
  CHECK(late.bias[0] == Approx(early.bias[0]).epsilon(tolerance));
  if (kind == OptimizerKind::adagrad) CHECK(late.row_second_moment[0] == Approx(early.row_second_moment[0]));
}

TEST_CASE("gradients that are taken out of a store leave the others", "[unit]") {
  ParameterRows::Options options;
  options.storage = Storage::fp32;
  ParameterRows rows(10, 3, options);
  GradientStore poured({&rows}), store({&rows});
  const auto fill = [&] {
    for (const std::uint32_t row : {8u, 1u, 5u, 3u, 0u}) {
      const float gradient[] = {static_cast<float>(row), -1, 2};
      // In two portions, which add up.
      poured.add(rows, row, gradient, 0.5f, 0.25f);
      poured.pour_into(store);
      poured.add(rows, row, gradient, 0.5f, 0.75f);
    }
    poured.pour_into(store);
    CHECK(poured.used_rows(rows) == 0);
  };
  for (const std::vector<std::uint32_t>& taken :
       {std::vector<std::uint32_t>{8}, {0}, {3, 0}, {8, 1, 5}, {1, 3}, {8, 1, 5, 3, 0}, {2}, {}}) {
    fill();
    const std::size_t before = store.weights().size();
    REQUIRE(before == 5);
    float out[4];
    for (const std::uint32_t row : taken) {
      store.take(0, row, out);
      const bool has = row != 2;
      CHECK((out[0] == static_cast<float>(has ? row : 0) && out[1] == (has ? -1.f : 0.f) && out[3] == (has ? 0.5f : 0.f)));
    }
    store.end_of_takes();
    CHECK(store.used_rows(rows) == 5 - taken.size() + (taken == std::vector<std::uint32_t>{2} ? 1 : 0));
    for (const auto& [block, row, l1, steps] : store.weights()) {
      CHECK(block == 0);
      CHECK(steps == 2);
      CHECK(std::ranges::find(taken, row) == taken.end());
      CHECK(l1 == static_cast<float>(row) + 3.5f);
    }
    store.take(0, 7, out);
    store.end_of_takes();
    store.flush(1, [](ParameterRows&, std::size_t row, const float* gradient, float, std::uint32_t steps) {
      CHECK((gradient[0] == static_cast<float>(row) / 2 && steps == 2));
    });
    CHECK(store.weights().empty());
  }
}

}  // namespace glissade::test
