#include <catch2/catch.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>

#include <glissade/options.h>

#include "hashing/seeds.h"

namespace glissade {
namespace {

/// Sets `option` to a random value of its range: one of its names, a real number with all its digits, or a whole number.
bool set_random(Config& config, const Option& option, hashing::Random& random) {
  const std::string range(option.range);
  if (option.name == "hidden") {
    return option.set(config, std::to_string(1 + random.below(65536)) + "," + std::to_string(1 + random.below(65536))).ok();
  }
  if (option.name == "sampler") {
    const double share = random.unit();
    char mix[96];
    std::snprintf(mix, sizeof mix, "lsh:%.17g+frequency:%.17g", share, 1 - share);
    return option.set(config, random.below(2) == 0 ? "lsh-topk" : mix).ok();
  }
  if (option.name == "propensity") {
    char constants[64];
    std::snprintf(constants, sizeof constants, "%.17g,%.17g", 10 * random.unit(), 1e-6 + random.unit());
    return option.set(config, constants).ok();
  }
  if (const std::size_t bar = range.find(" | "); bar != std::string::npos) {
    return option.set(config, random.below(2) == 0 ? range.substr(0, bar) : range.substr(range.rfind(" | ") + 3)).ok();
  }
  const double high = std::stod(range.substr(range.find(" .. ") + 4));
  char real[64];
  std::snprintf(real, sizeof real, "%.17g", random.unit() * std::min(high, 1e-3));
  if (option.set(config, real).ok()) return true;
  std::snprintf(real, sizeof real, "%.17g", 1 + random.unit() * std::min(high - 1, 10.0));
  if (option.set(config, real).ok()) return true;
  return option.set(config, std::to_string(1 + random.next() % static_cast<std::uint64_t>(std::min(high, 1e18)))).ok();
}

TEST_CASE("config text comes back exactly", "[property]") {
  hashing::Random random(11);
  for (int round = 0; round < 300; ++round) {
    Config config;
    for (const Option& option : options()) {
      INFO(option.name);
      REQUIRE(set_random(config, option, random));
    }
    const std::string text = to_text(config);
    const auto again = from_text(text);
    REQUIRE(again.ok());
    CHECK(to_text(*again) == text);
    CHECK(std::bit_cast<std::uint64_t>(again->optimizer.learning_rate) ==
          std::bit_cast<std::uint64_t>(config.optimizer.learning_rate));
    CHECK(std::bit_cast<std::uint64_t>(again->optimizer.beta2) == std::bit_cast<std::uint64_t>(config.optimizer.beta2));
    CHECK(again->run.seed == config.run.seed);
    CHECK(again->network.hidden == config.network.hidden);
    CHECK(again->active_set.sampler == config.active_set.sampler);
  }
}

TEST_CASE("the extremes of doubles and integers survive the text form", "[unit]") {
  Config config;
  for (const double value : {0.1, 1.0 / 3, 0x1.fffffffffffffp-1, std::numeric_limits<double>::denorm_min(), 5e-324, 2.5e-7}) {
    config.schedule.warmup = value;
    config.run.seed = ~0ull;
    const auto again = from_text(to_text(config));
    REQUIRE(again.ok());
    CHECK(std::bit_cast<std::uint64_t>(again->schedule.warmup) == std::bit_cast<std::uint64_t>(value));
    CHECK(again->run.seed == ~0ull);
  }
}

TEST_CASE("the text is one readable line per stored option, shortest floats", "[unit]") {
  Config config;
  config.network.hidden = {512, 256};
  config.optimizer.learning_rate = 0.005;
  config.run.threads = 7;
  const std::string text = to_text(config);
  CHECK(text.starts_with("hidden = 512,256\nprecision = bf16-mixed\nloss = softmax\n"));
  CHECK(text.find("\nlearning-rate = 0.005\n") != std::string::npos);
  CHECK(text.find("threads") == std::string::npos);
  CHECK(from_text(text)->run.threads == Config{}.run.threads);
}

TEST_CASE("text: blanks, CRLF and missing options are fine", "[unit]") {
  const auto config = from_text("\r\n  k=5 \r\n\n\tsampler =  lsh");
  REQUIRE(config.ok());
  CHECK(config->hash_tables.k == 5);
  CHECK(config->active_set.sampler == SamplerKind::lsh);
  CHECK(config->training.batch == Config{}.training.batch);
  CHECK(from_text("").ok());
}

TEST_CASE("text: what is wrong is named with its line", "[unit]") {
  const auto message = [](std::string_view text) {
    const auto config = from_text(text);
    REQUIRE_FALSE(config.ok());
    CHECK(config.error().kind == Error::Kind::runtime);
    return config.error().message;
  };
  CHECK(message("k = 5\nbatch") == "config line 2: 'batch' is not of the form 'name = value'");
  CHECK(message("k = 5\nk = 6") == "config line 2: option 'k' is set twice");
  CHECK(message("\nk = 50") == "config line 2: option 'k': '50' is out of range; allowed: 1 .. 24");
  CHECK(message("flux = 1") == "config line 1: unknown option 'flux'; it may come from a newer version of Glissade");
  CHECK(message("threads = 4") == "config line 1: unknown option 'threads'; it may come from a newer version of Glissade");
}

}  // namespace
}  // namespace glissade
