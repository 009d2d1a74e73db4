#include <catch2/catch.hpp>

#include <limits>
#include <string>

#include <glissade/options.h>

namespace glissade {
namespace {

std::string invalid(const Config& config, const Shape& shape = {100, 100}) {
  const auto result = validate(config, shape);
  if (result) return "";
  CHECK(result.error().kind == Error::Kind::usage);
  return result.error().message;
}

TEST_CASE("validate accepts the defaults and an active set larger than the labels", "[unit]") {
  Config config;
  CHECK(invalid(config).empty());
  config.active_set.size = 5000;
  CHECK(invalid(config, {1, 1}).empty());
}

TEST_CASE("validate refuses an empty shape", "[unit]") {
  CHECK(invalid({}, {0, 10}).find("at least 1 feature") != std::string::npos);
  CHECK(invalid({}, {10, 0}).find("at least 1 label") != std::string::npos);
}

TEST_CASE("validate refuses addresses wider than a table has, naming the largest k", "[unit]") {
  Config config;
  config.hash_tables.family = HashKind::simhash;
  config.hash_tables.k = 24;
  CHECK(invalid(config).empty());
  config.hash_tables.family = HashKind::dwta;
  config.hash_tables.k = 8;
  CHECK(invalid(config).empty());
  config.hash_tables.k = 9;
  CHECK(invalid(config) ==
        "option 'k': '9' codes of 3 bits (hash dwta) make addresses of 27 bits, a table has at most 24; allowed with hash dwta: "
        "1 .. 8");
}

TEST_CASE("validate refuses a transform that the hash family has no use for", "[unit]") {
  Config config;
  config.hash_tables.transform = HashTransform::simple;
  CHECK(invalid(config).empty());
  config.hash_tables.k = 6;
  config.hash_tables.family = HashKind::minhash;
  CHECK(
      invalid(config) ==
      "option 'hash-transform': 'simple' does not go with hash minhash; allowed with hash simhash only, use hash-transform none");
}

TEST_CASE("validate refuses fields that were filled past their range without the options", "[unit]") {
  Config config;
  config.network.hidden = {};
  CHECK_FALSE(invalid(config).empty());
  config = {};
  config.network.hidden = {128, 0};
  CHECK_FALSE(invalid(config).empty());
  config = {};
  config.network.hidden = {65537};
  CHECK_FALSE(invalid(config).empty());
  config = {};
  config.hash_tables.count = 0;
  CHECK(invalid(config) == "option 'tables': '0' is out of range; allowed: 1 .. 4096");
  config = {};
  config.hash_tables.k = 0;
  CHECK_FALSE(invalid(config).empty());
  config = {};
  config.hash_tables.k = 4000000000u;
  CHECK_FALSE(invalid(config).empty());
  config = {};
  config.optimizer.learning_rate = std::numeric_limits<double>::quiet_NaN();
  CHECK(invalid(config) == "option 'learning-rate': 'nan' is not a finite number; allowed: 0 .. 100");
  config = {};
  config.training.batch = 0;
  CHECK_FALSE(invalid(config).empty());
  config = {};
  config.active_set.sampler = static_cast<SamplerKind>(10);
  CHECK_FALSE(invalid(config).empty());
}

}  // namespace
}  // namespace glissade
