// Rows that say nothing new, and those that only seem to.
#include <catch2/catch.hpp>

#include <vector>

#include <glissade/repeated_rows.h>

#include "tests/engine/data.h"

namespace glissade::test {
namespace {

void add(Data& data, const std::vector<std::uint32_t>& features, const std::vector<float>& values,
         const std::vector<std::uint32_t>& labels) {
  data.x.add(features, values);
  data.y.add(labels);
}

}  // namespace

TEST_CASE("all but the first of equal rows say nothing new, in whatever order their ids are", "[unit]") {
  Data data{10, 5, {}, {}};
  add(data, {1, 2}, {1, 3}, {0, 4});
  add(data, {1, 3}, {1, 3}, {0, 4});
  add(data, {2, 1}, {3, 1}, {4, 0});
  add(data, {1, 2}, {3, 1}, {0, 4});  // other values
  add(data, {1, 2}, {1, 3}, {0, 4});
  CHECK(repeated_rows(data.view()) == std::vector<bool>{false, false, true, false, true});
}

TEST_CASE("where the same features have several sets of labels, every row is a vote", "[unit]") {
  Data data{10, 5, {}, {}};
  for (int i = 0; i < 3; ++i) add(data, {1, 2}, {1, 1}, {0});
  add(data, {1, 2}, {1, 1}, {0, 1});
  add(data, {7}, {1}, {3});
  add(data, {7}, {1}, {3});
  CHECK(repeated_rows(data.view()) == std::vector<bool>{false, false, false, false, false, true});
}

TEST_CASE("half of the rows doubled, anywhere, leaves the rows that were there", "[property]") {
  const Data clean = random_data(400, 30, 10, 5);
  const auto before = repeated_rows(clean.view());
  Data doubled = clean;
  for (std::size_t row = 0; row < 400; row += 2) {
    const auto ids = clean.x.view().row_ids(row);
    const auto labels = clean.y.view().row_ids(row);
    doubled.x.add(ids, clean.x.view().row_values(row));
    doubled.y.add(labels);
  }
  const auto after = repeated_rows(doubled.view());
  CHECK(std::equal(before.begin(), before.end(), after.begin()));
  std::size_t votes = 0;  // rows without a feature have several sets of labels
  for (std::size_t i = 400; i < after.size(); ++i) {
    const bool bare = doubled.x.view().row_ids(i).empty();
    CHECK(after[i] == !bare);
    votes += bare ? 1 : 0;
  }
  CHECK(votes > 0);
  CHECK(repeated_rows({}).empty());
}

}  // namespace glissade::test
