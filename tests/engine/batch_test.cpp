// Mini-batches copied out of a data set.

#include "engine/batches/batch.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "tests/engine/data.h"

namespace glissade::test {

TEST_CASE("a batch holds the chosen samples in the chosen order", "[unit]") {
  Data data = random_data(200, 30, 20, 1);
  Batch batch;
  for (const bool with_values : {true, false}) {
    if (!with_values) data.x.values.clear();
    for (const std::vector<std::uint32_t>& rows :
         {std::vector<std::uint32_t>{7, 3, 3, 199, 0}, std::vector<std::uint32_t>{}, std::vector<std::uint32_t>(150, 12)}) {
      batch.gather(data.view(), rows, {});
      REQUIRE(batch.size() == rows.size());
      REQUIRE(batch.labels().rows() == rows.size());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto ids = data.x.view().row_ids(rows[i]);
        REQUIRE(std::ranges::equal(batch.features().row_ids(i), ids));
        REQUIRE(std::ranges::equal(batch.labels().row_ids(i), data.y.view().row_ids(rows[i])));
        const auto values = batch.features().row_values(i);
        REQUIRE(values.size() == ids.size());
        for (std::size_t j = 0; j < values.size(); ++j)
          REQUIRE(values[j] == (with_values ? data.x.view().row_values(rows[i])[j] : 1.f));
      }
    }
  }
}

TEST_CASE("feature dropout drops its share, scales the rest and follows its seed", "[property]") {
  Data data{1000, 2, {}, {}};
  std::vector<std::uint32_t> ids(1000);
  std::iota(ids.begin(), ids.end(), 0u);
  for (int i = 0; i < 20; ++i) {
    data.x.add(ids, std::vector<float>(1000, 2.f));
    data.y.add({});
  }
  const std::vector<std::uint32_t> rows = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  Batch a, b, c;
  a.gather(data.view(), rows, {0.25, 5});
  b.gather(data.view(), rows, {0.25, 5});
  c.gather(data.view(), rows, {0.25, 6});
  REQUIRE(std::ranges::equal(a.features().values, b.features().values));
  REQUIRE(!std::ranges::equal(a.features().values, c.features().values));
  REQUIRE(!std::ranges::equal(a.features().row_values(0), a.features().row_values(1)));
  std::size_t dropped = 0;
  for (const float value : a.features().values) {
    dropped += value == 0.f;
    if (value != 0.f) REQUIRE(value == Approx(2.0 / 0.75));
  }
  REQUIRE(static_cast<double>(dropped) / 20000 == Approx(0.25).margin(0.0125));  // four standard errors
}

}  // namespace glissade::test
