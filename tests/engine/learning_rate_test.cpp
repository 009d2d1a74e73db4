#include "engine/training/learning_rate.h"

#include <catch2/catch.hpp>

#include <cmath>

namespace glissade::test {
namespace {

Config config_of(DecayKind decay, double warmup) {
  Config config;
  config.optimizer.learning_rate = 0.5;
  config.schedule.decay = decay;
  config.schedule.warmup = warmup;
  return config;
}

}  // namespace

TEST_CASE("warm-up rises linearly to the top and meets the decay there", "[unit]") {
  const auto decay = GENERATE(DecayKind::none, DecayKind::linear, DecayKind::cosine);
  const Config config = config_of(decay, 0.1);
  for (std::uint64_t step = 1; step <= 100; ++step) {
    REQUIRE(learning_rate(config, step, 1000) == Approx(0.5 * static_cast<double>(step) / 100));
  }
  const double next = learning_rate(config, 101, 1000);
  REQUIRE(next <= 0.5);
  REQUIRE(next > 0.499);
}

TEST_CASE("linear and cosine decay fall to the floor of one hundredth, none stays", "[unit]") {
  REQUIRE(learning_rate(config_of(DecayKind::none, 0), 999, 1000) == 0.5);
  REQUIRE(learning_rate(config_of(DecayKind::linear, 0), 500, 1000) == Approx(0.25));
  REQUIRE(learning_rate(config_of(DecayKind::linear, 0.2), 600, 1000) == Approx(0.25));
  REQUIRE(learning_rate(config_of(DecayKind::cosine, 0), 500, 1000) == Approx(0.25));
  REQUIRE(learning_rate(config_of(DecayKind::cosine, 0), 250, 1000) == Approx(0.25 * (1 + std::sqrt(0.5))));
  for (const auto decay : {DecayKind::linear, DecayKind::cosine}) {
    const Config config = config_of(decay, 0.05);
    double last = 1;
    for (std::uint64_t step = 51; step <= 1000; ++step) {
      const double rate = learning_rate(config, step, 1000);
      REQUIRE(rate <= last);
      REQUIRE(rate >= 0.005);
      last = rate;
    }
    REQUIRE(last == Approx(0.005));
    REQUIRE(learning_rate(config, 1000000, 1000) == Approx(0.005));  // online steps past the plan
  }
}

TEST_CASE("schedules of degenerate length are defined", "[unit]") {
  for (const auto decay : {DecayKind::none, DecayKind::linear, DecayKind::cosine}) {
    for (const double warmup : {0.0, 0.5, 1.0}) {
      for (const std::uint64_t total : {0u, 1u, 2u}) {
        for (const std::uint64_t step : {1u, 2u, 3u}) {
          const double rate = learning_rate(config_of(decay, warmup), step, total);
          REQUIRE(rate > 0);
          REQUIRE(rate <= 0.5);
        }
      }
    }
  }
}

}  // namespace glissade::test
