// Data are read once where they come through a pager, each time where they do not.
#include "engine/batches/checked_data.h"

#include <catch2/catch.hpp>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

struct CountingPager : RowPager {
  void fetch(std::size_t, std::size_t) const noexcept override {}
  void release(std::size_t begin, std::size_t end) const noexcept override { rows += end - begin; }
  mutable std::size_t rows = 0;
};

}  // namespace

TEST_CASE("the same data through a pager are read once, other data or forgotten ones again", "[unit]") {
  const Data data = planted_data(300, 60, 40, 4);
  const Shape shape{60, 40};
  const CountingPager pager;
  CheckedData checked;
  REQUIRE_FALSE(checked.check(data.view(), shape, &pager));
  CHECK(pager.rows == 300);
  const std::uint64_t whole = checked.fingerprint();
  REQUIRE_FALSE(checked.check(data.view(), shape, &pager));
  CHECK(pager.rows == 300);
  CHECK(checked.fingerprint() == whole);
  DatasetView part = data.view();
  part.features.offsets = part.features.offsets.first(101);
  part.labels.offsets = part.labels.offsets.first(101);
  REQUIRE_FALSE(checked.check(part, shape, &pager));
  CHECK(pager.rows == 400);
  CHECK(checked.fingerprint() != whole);
  checked.forget();
  REQUIRE_FALSE(checked.check(part, shape, &pager));
  CHECK(pager.rows == 500);
}

TEST_CASE("data that come through no pager are read each time, as they may change where they lie", "[unit]") {
  Data data = planted_data(300, 60, 40, 4);
  const Shape shape{60, 40};
  CheckedData checked;
  REQUIRE_FALSE(checked.check(data.view(), shape, nullptr));
  const std::uint64_t before = checked.fingerprint();
  data.x.values[11] += 0.25f;
  REQUIRE_FALSE(checked.check(data.view(), shape, nullptr));
  CHECK(checked.fingerprint() != before);
  data.x.ids[7] = 60;
  CHECK(checked.check(data.view(), shape, nullptr));
}

TEST_CASE("many rows through a pager are read in pieces, each of which is given back, to the same fingerprint", "[unit]") {
  Data data{60, 40, {}, {}};
  constexpr std::uint32_t kRows = 150'000;
  for (std::uint32_t row = 0; row < kRows; ++row) {
    data.x.ids.push_back(row % 60);
    data.x.values.push_back(static_cast<float>(row));
    data.x.offsets.push_back(row + 1);
    data.y.ids.push_back(row % 40);
    data.y.offsets.push_back(row + 1);
  }
  const Shape shape{60, 40};
  const CountingPager pager;
  CheckedData paged, whole;
  REQUIRE_FALSE(paged.check(data.view(), shape, &pager));
  REQUIRE_FALSE(whole.check(data.view(), shape, nullptr));
  CHECK(pager.rows == kRows);
  CHECK(paged.fingerprint() == whole.fingerprint());
  data.x.ids[kRows - 1] = 60;
  const auto error = CheckedData().check(data.view(), shape, &pager);
  REQUIRE(error);
  CHECK_THAT(error->message, Catch::Matchers::Contains("feature row 149999"));
}

TEST_CASE("more rows of features than of labels are refused, with and without a pager", "[unit]") {
  const Data data = planted_data(300, 60, 40, 4);
  const CountingPager pager;
  for (const RowPager* const through : {static_cast<const RowPager*>(nullptr), static_cast<const RowPager*>(&pager)}) {
    DatasetView uneven = data.view();
    uneven.labels.offsets = uneven.labels.offsets.first(200);
    const auto error = CheckedData().check(uneven, {60, 40}, through);
    REQUIRE(error);
    CHECK_THAT(error->message, Catch::Matchers::StartsWith("data set has 300 feature rows but 199 label rows"));
  }
}

}  // namespace glissade::test
