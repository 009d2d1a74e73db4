#include <glissade/options.h>
#include <glissade/tuning.h>

#include <catch2/catch.hpp>

namespace glissade::test {
namespace {

Config budget_of(double microseconds) {
  Config config;
  config.active_set.sampler = SamplerKind::lsh_topk;
  config.active_set.size = 8192;
  config.training.batch = 1024;
  config.hash_tables.budget = microseconds;
  return config;
}

constexpr Shape kShape{135'909, 670'091};

}  // namespace

TEST_CASE("without a budget, or without tables, nothing is tuned", "[unit]") {
  Config config = budget_of(0);
  REQUIRE(tune_tables(config, kShape).empty());
  REQUIRE(to_text(config) == to_text(budget_of(0)));
  config = budget_of(20);
  config.active_set.sampler = SamplerKind::uniform;
  const std::string before = to_text(config);
  REQUIRE(tune_tables(config, kShape).empty());
  REQUIRE(to_text(config) == before);
}

TEST_CASE("tuned tables are valid, cost what was allowed, and more time buys more of them", "[property]") {
  for (const HashKind hash : {HashKind::simhash, HashKind::dwta}) {
    for (const Shape shape : {kShape, Shape{1000, 3000}, Shape{10, 1}}) {
      double last = 0;
      for (const double budget : {1.0, 5.0, 20.0, 80.0}) {
        Config config = budget_of(budget);
        config.hash_tables.family = hash;
        CAPTURE(budget, shape.labels, static_cast<int>(hash));
        const std::string why = tune_tables(config, shape);
        REQUIRE(why.starts_with("hash tables: "));
        REQUIRE(validate(config, shape).ok());
        const double met =
            config.hash_tables.count * static_cast<double>(shape.labels) / static_cast<double>(1u << config.hash_tables.k);
        if (hash == HashKind::simhash) REQUIRE(met * 0.0033 <= budget);
        REQUIRE(config.rehash.period >= config.training.batch);
        REQUIRE(config.hash_tables.count >= last);
        last = config.hash_tables.count / 2.0;  // a change of k may cost some tables
      }
    }
  }
}

TEST_CASE("tables offer enough rows to a sample with a set of its own", "[property]") {
  Config config = budget_of(400);
  config.active_set.scope = Scope::sample;
  config.active_set.size = 2000;
  config.active_set.sampler = SamplerMix({{SamplerKind::lsh_topk, 0.5}});
  REQUIRE_FALSE(tune_tables(config, kShape).empty());
  const double met =
      config.hash_tables.count * static_cast<double>(kShape.labels) / static_cast<double>(1u << config.hash_tables.k);
  REQUIRE(met >= 4 * 1000);
}

}  // namespace glissade::test
