#include <catch2/catch.hpp>

#include <cmath>

#include <glissade/outsized_features.h>

#include "tests/engine/data.h"

namespace glissade::test {

TEST_CASE("a column a thousand times the median one is outsized, with its number; the largest comes first", "[unit]") {
  Data data = planted_data(3000, 400, 50, 3);
  CHECK(find_outsized_features(data.view()).empty());
  const auto scale = [&](std::uint32_t feature, float factor) {
    for (std::size_t i = 0; i < data.x.ids.size(); ++i) {
      if (data.x.ids[i] == feature) data.x.values[i] *= factor;
    }
  };
  scale(30, 200.f);
  CHECK(find_outsized_features(data.view()).empty());
  scale(17, 1e4f);
  scale(210, -1e20f);
  const auto found = find_outsized_features(data.view());
  REQUIRE(found.size() == 2);
  CHECK(found[0].feature == 210);
  CHECK(found[1].feature == 17);
  CHECK(found[1].largest > 2e3f);
  CHECK(found[1].typical > 0.2f);
  CHECK(found[1].typical < 1.f);
}

TEST_CASE("counts with a long tail, values of 1, one feature and no values are no reason to warn", "[unit]") {
  hashing::Random random(5);
  Data counts{5000, 10, {}, {}};
  for (int row = 0; row < 4000; ++row) {
    const auto ids = distinct(random, 20, 5000);
    std::vector<float> values;
    for (std::size_t i = 0; i < ids.size(); ++i) values.push_back(std::floor(static_cast<float>(1 / (random.unit() + 1e-3))));
    counts.x.add(ids, values);
    counts.y.add({});
  }
  CHECK(find_outsized_features(counts.view()).empty());
  Data one{1, 1, {}, {}};
  one.x.add(std::vector<std::uint32_t>{0}, std::vector<float>{1e30f});
  one.y.add({});
  CHECK(find_outsized_features(one.view()).empty());
  Data bare{10, 1, {}, {}};
  bare.x.add(std::vector<std::uint32_t>{0, 3});
  bare.y.add({});
  CHECK(find_outsized_features(bare.view()).empty());
  CHECK(find_outsized_features({}).empty());
  Data zeros{10, 1, {}, {}};
  zeros.x.add(std::vector<std::uint32_t>{0, 3}, std::vector<float>{0, 0});
  zeros.x.add(std::vector<std::uint32_t>{1}, std::vector<float>{INFINITY});
  CHECK(find_outsized_features(zeros.view()).empty());
}

TEST_CASE("outsized features of a slice are those of its rows", "[unit]") {
  Data data = planted_data(500, 100, 50, 3);
  const std::size_t at = static_cast<std::size_t>(data.x.offsets[300]);
  data.x.values[at] = 1e6f;
  DatasetView view = data.view();
  CHECK(find_outsized_features(view).size() == 1);
  view.features.offsets = view.features.offsets.subspan(301);
  CHECK(find_outsized_features(view).empty());
}

}  // namespace glissade::test
