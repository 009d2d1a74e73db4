// Which preset stands in for one that was not named.
#include <catch2/catch.hpp>

#include <numeric>
#include <vector>

#include <glissade/options.h>

#include "hashing/seeds.h"
#include "tests/engine/data.h"

namespace glissade::test {
namespace {

/// `rows` rows of `per_row` features of the same value and one label.
Data plain_rows(std::uint32_t features, std::uint32_t labels, std::size_t per_row, float value, std::size_t rows = 50) {
  Data data{features, labels, {}, {}};
  hashing::Random random(3);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto ids = distinct(random, per_row, features);
    data.x.add(ids, std::vector<float>(ids.size(), value));
    data.y.add(distinct(random, 1, labels));
  }
  return data;
}

/// The same row of real values again and again: quick to make.
Data equal_rows(std::uint32_t per_row, std::size_t rows) {
  Data data{1000, 500, {}, {}};
  std::vector<std::uint32_t> ids(per_row);
  std::iota(ids.begin(), ids.end(), 0u);
  const std::vector<float> values(per_row, 0.3f);
  for (std::size_t i = 0; i < rows; ++i) {
    data.x.add(ids, values);
    data.y.add(std::vector<std::uint32_t>{3});
  }
  return data;
}

/// Baskets of `size` items, of which one is to be guessed from the others; `swapped` of a hundred name it twice.
Data baskets(std::uint32_t items, std::size_t size, std::size_t rows, std::size_t swapped = 0) {
  Data data{items, items, {}, {}};
  hashing::Random random(5);
  for (std::size_t i = 0; i < rows; ++i) {
    auto ids = distinct(random, size, items);
    const std::uint32_t wanted = ids[random.below(ids.size())];
    if (random.below(100) >= swapped) std::erase(ids, wanted);
    data.x.add(ids);
    data.y.add(std::vector<std::uint32_t>{wanted});
  }
  return data;
}

std::string_view chosen(const Data& data) { return choose_preset(data.view()).preset; }

}  // namespace

TEST_CASE("the preset follows from the length and the number of rows", "[unit]") {
  CHECK(chosen(plain_rows(1000, 500, 10, 0.3f)) == "few-rows");
  CHECK(chosen(plain_rows(1000, 500, 60, 0.3f)) == "few-rows");
  CHECK(chosen(plain_rows(50, 20, 2, 0.3f, 200'000)) == "short-text");
  CHECK(chosen(equal_rows(30, 199'999)) == "few-rows");
  CHECK(chosen(equal_rows(60, 99'999)) == "few-rows");
  CHECK(chosen(equal_rows(60, 100'000)) == "long-text");
  CHECK(choose_preset(plain_rows(1000, 500, 60, 0.3f).view()).reason ==
        "50 rows, 60.0 features each; less than 200000 rows of 30 features count as few, of more rows 30 features and more as "
        "long");
  CHECK(chosen({10, 10, {}, {}}) == "few-rows");
}

TEST_CASE("baskets of items get the preset items", "[unit]") {
  CHECK(chosen(baskets(300, 12, 2000)) == "items");
  CHECK(choose_preset(baskets(300, 12, 2000).view()).reason ==
        "features and labels are 300 items, and no sample has one as both");
}

TEST_CASE("as many features as labels are no items where a label stands among its sample's features", "[unit]") {
  CHECK(chosen(baskets(300, 12, 2000, 1)) == "few-rows");
}

TEST_CASE("as many features as labels are no items where features have values", "[unit]") {
  CHECK(chosen(plain_rows(1000, 1000, 10, 0.5f)) == "few-rows");
}

TEST_CASE("as many features as labels are no items where chance may have kept the two apart", "[unit]") {
  CHECK(chosen(baskets(1000, 12, 50)) == "few-rows");  // about one meeting would be expected
  // Ids of two kinds: labels are the lower half of the ids, features the upper one.
  Data halves{300, 300, {}, {}};
  hashing::Random random(7);
  for (int i = 0; i < 2000; ++i) {
    auto ids = distinct(random, 12, 150);
    for (std::uint32_t& id : ids) id += 150;
    halves.x.add(ids);
    halves.y.add(distinct(random, 1, 150));
  }
  CHECK(chosen(halves) == "few-rows");
}

TEST_CASE("a slice gets the preset of its own rows", "[unit]") {
  Data data = equal_rows(600, 10'000);
  const Data few = plain_rows(1000, 500, 4, 0.3f, 10);
  for (std::size_t row = 0; row < 10; ++row) {
    data.x.add(few.x.view().row_ids(row), few.x.view().row_values(row));
    data.y.add(few.y.view().row_ids(row));
  }
  DatasetView slice = data.view();
  CHECK(choose_preset(slice).preset == "long-text");
  slice.features.offsets = slice.features.offsets.subspan(10'000);
  slice.labels.offsets = slice.labels.offsets.subspan(10'000);
  REQUIRE(slice.size() == 10);
  CHECK(choose_preset(slice).preset == "few-rows");
  CHECK(choose_preset(slice).reason.starts_with("10 rows, 4.0 features each; "));
}

}  // namespace glissade::test
