// What is said of a loss that is not finite.
#include "engine/training/soundness.h"

#include <catch2/catch.hpp>

#include "tests/engine/models.h"

namespace glissade::test {

TEST_CASE("a loss that is not finite is laid to the largest value of the step's own rows, or to the learning rate", "[unit]") {
  Data data{10, 4, {}, {}};
  data.x.add(std::vector<std::uint32_t>{1, 2, 3}, std::vector<float>{1, -3e6f, 2e6f});
  data.x.add(std::vector<std::uint32_t>{5}, std::vector<float>{9e9f});
  data.x.add(std::vector<std::uint32_t>{6, 7}, std::vector<float>{2, 9e5f});
  data.x.add(std::vector<std::uint32_t>{8}, std::vector<float>{4e6f});
  for (std::uint32_t row = 0; row < 4; ++row) data.y.add(std::vector<std::uint32_t>{row});
  const Model model = make_model(small_config(), data);
  const auto said = [&](std::vector<std::uint32_t> rows) { return not_finite(impl_of(model), data.view(), rows).message; };
  const std::string at = "the loss is no longer a finite number at step 0; ";
  CHECK(said({0}) == at + "row 0 has the value -3000000 of feature 2: scale such values down, or leave them out");
  CHECK(said({0, 3}) == at + "row 3 has the value 4000000 of feature 8: scale such values down, or leave them out");
  CHECK(said({1, 3, 0}) == at + "row 1 has the value 9000000000 of feature 5: scale such values down, or leave them out");
  CHECK(said({2}) == at + "use a lower learning rate than 0.02");
}

}  // namespace glissade::test
