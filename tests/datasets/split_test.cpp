// Holding out a part of a data set.
#include "datasets/split.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <string>
#include <vector>

#include "datasets/parse.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using glissade::DatasetView;

/// Row i has feature i (value i), feature 1000 and, unless i % 3 == 0, label i.
Dataset numbered(int rows) {
  std::string text = std::to_string(rows) + " 1001 1000\n";
  for (int i = 0; i < rows; ++i) {
    text += (i % 3 == 0 ? "" : std::to_string(i)) + " " + std::to_string(i) + ":" + std::to_string(i) + " 1000:0.5\n";
  }
  return std::move(parse_dataset(text, "t.txt", {})).value();
}

std::vector<std::uint32_t> numbers(const DatasetView& view) {
  std::vector<std::uint32_t> found;
  for (std::size_t row = 0; row < view.size(); ++row) {
    const std::uint32_t number = view.features.row_ids(row)[0];
    found.push_back(number);
    CHECK(view.features.row_ids(row).size() == 2);
    CHECK(view.features.row_values(row)[0] == static_cast<float>(number));
    CHECK(view.labels.row_ids(row).size() == (number % 3 == 0 ? 0 : 1));
    if (number % 3 != 0) CHECK(view.labels.row_ids(row)[0] == number);
  }
  return found;
}

}  // namespace

TEST_CASE("each row goes to one side, in order, whole", "[unit]") {
  const Dataset data = numbered(500);
  const auto [train, held] = hold_out(data.view(), 0.2, 7);
  CHECK(held.view().size() == 100);
  CHECK(train.view().size() == 400);
  CHECK(train.view().feature_count == 1001);
  CHECK(held.view().label_count == 1000);
  const auto left = numbers(train.view());
  const auto right = numbers(held.view());
  CHECK(std::is_sorted(left.begin(), left.end()));
  CHECK(std::is_sorted(right.begin(), right.end()));
  std::vector<std::uint32_t> all;
  std::merge(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(all));
  REQUIRE(all.size() == 500);
  for (std::uint32_t i = 0; i < 500; ++i) CHECK(all[i] == i);
}

TEST_CASE("the seed decides the split, and each row is held out equally often", "[property]") {
  const Dataset data = numbered(100);
  CHECK(testing::same(hold_out(data.view(), 0.3, 1).second.view(), hold_out(data.view(), 0.3, 1).second.view()));
  CHECK_FALSE(testing::same(hold_out(data.view(), 0.3, 1).second.view(), hold_out(data.view(), 0.3, 2).second.view()));
  std::vector<int> times(100);
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    const auto held = hold_out(data.view(), 0.3, seed).second;
    for (std::size_t row = 0; row < held.view().size(); ++row) ++times[held.view().features.row_ids(row)[0]];
  }
  // Binomial(1000, 0.3): mean 300, deviation 14.5; five deviations either way.
  for (const int count : times) CHECK(std::abs(count - 300) < 73);
}

TEST_CASE("fractions at and past the ends", "[unit]") {
  const Dataset data = numbered(10);
  for (const double none : {0.0, -1.0, std::nan(""), 0.04}) CHECK(hold_out(data.view(), none, 1).second.view().size() == 0);
  for (const double all : {1.0, 2.0, 0.96}) CHECK(hold_out(data.view(), all, 1).first.view().size() == 0);
  CHECK(hold_out(numbered(0).view(), 0.5, 1).first.view().size() == 0);
}
