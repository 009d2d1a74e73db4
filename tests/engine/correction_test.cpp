#include "engine/training/correction.h"

#include <catch2/catch.hpp>

namespace glissade::test {

TEST_CASE("the correction is there, is not, or rises to its whole by the last step and stays", "[unit]") {
  Config config;
  for (const std::uint64_t step : {1, 50, 100, 200}) {
    config.active_set.correction = Correction::on;
    REQUIRE(correction_strength(config, step, 100) == 1.f);
    config.active_set.correction = Correction::off;
    REQUIRE(correction_strength(config, step, 100) == 0.f);
  }
  config.active_set.correction = Correction::rising;
  REQUIRE(correction_strength(config, 1, 100) == Approx(0.01));
  REQUIRE(correction_strength(config, 50, 100) == Approx(0.5));
  REQUIRE(correction_strength(config, 100, 100) == 1.f);
  REQUIRE(correction_strength(config, 200, 100) == 1.f);
  REQUIRE(correction_strength(config, 1, 0) == 1.f);
}

}  // namespace glissade::test
