// Which features sparse rows drop and take up between passes.
#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "engine/sparse_rows/row_topology.h"

namespace glissade::test {
namespace {

constexpr std::uint16_t kOne = 0x3f80;  // 1 in bf16

/// Two labels over 8 features: label 0 has features 0 .. 3, label 1 only feature 5.
struct SmallRows {
  SparseMatrix rows = matrix_of(std::vector<std::uint32_t>{4, 1});
  std::vector<float> values = {0.5f, -0.1f, 0.9f, 0.2f, 0.7f};

  SmallRows() {
    const std::uint32_t ids[] = {0, 1, 2, 3, 5};
    std::ranges::copy(ids, rows.ids.data());
    std::fill_n(rows.values.data(), 5, kOne);
  }
  std::vector<std::uint32_t> of(std::size_t label) const {
    return {rows.ids.data() + rows.offsets[label], rows.ids.data() + rows.offsets[label + 1]};
  }
  float value(std::uint32_t feature, std::size_t label = 0) const {
    for (std::uint64_t j = rows.offsets[label]; j < rows.offsets[label + 1]; ++j) {
      if (rows.ids[j] == feature) return values[j];
    }
    return -1000;
  }
};

/// Sample 0 has features 4 and 6, sample 1 features 6 and 7; all values 1.
SampleFeatures sample(std::uint32_t place) {
  static constexpr std::uint32_t kIds[2][2] = {{4, 6}, {6, 7}};
  static constexpr float kValues[2] = {1.f, 1.f};
  return {kIds[place], kValues};
}

}  // namespace

TEST_CASE("rigl: a full row's smallest weights give way to the features of the largest gradient, with weight 0", "[unit]") {
  SmallRows made;
  // Feature 4: -0.2, 6: -0.2 + 0.5 = 0.3, 7: 0.5.
  const std::vector<LabelGradient> gradients = {{0, 0, -0.2f}, {0, 1, 0.5f}};
  change_topology({RowTopology::rigl, 0.5, 4, 1}, gradients, 8, sample, made.rows, made.values);
  CHECK(made.of(0) == std::vector<std::uint32_t>{0, 2, 6, 7});
  CHECK(made.value(0) == 0.5f);
  CHECK(made.value(2) == 0.9f);
  CHECK(made.value(6) == 0.f);
  CHECK(made.value(7) == 0.f);
  CHECK(made.of(1) == std::vector<std::uint32_t>{5});  // no gradient, no change
  CHECK(made.value(5, 1) == 0.7f);
  for (std::size_t j = 0; j < made.rows.entries(); ++j) {
    const bool grown = made.rows.ids[j] >= 6;
    CHECK(made.rows.values[j] == (grown ? 0 : kOne));  // what started stays told apart from what was taken up
  }
}

TEST_CASE("rigl: a row with room grows and drops nothing", "[unit]") {
  SmallRows made;
  const std::vector<LabelGradient> gradients = {{0, 0, -0.2f}, {0, 1, 0.5f}, {1, 0, 1.f}};
  change_topology({RowTopology::rigl, 0.25, 100, 1}, gradients, 8, sample, made.rows, made.values);
  CHECK(made.of(0) == std::vector<std::uint32_t>{0, 1, 2, 3, 7});
  CHECK(made.of(1) == std::vector<std::uint32_t>{5});  // a quarter of one feature is none
}

TEST_CASE("set: what is taken up is among the gradients' features, and follows from the seed", "[unit]") {
  const std::vector<LabelGradient> gradients = {{0, 0, -0.2f}, {0, 1, 0.5f}};
  std::vector<std::vector<std::uint32_t>> results;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    SmallRows made, again;
    change_topology({RowTopology::set, 0.25, 4, seed}, gradients, 8, sample, made.rows, made.values);
    change_topology({RowTopology::set, 0.25, 4, seed}, gradients, 8, sample, again.rows, again.values);
    CHECK(made.of(0) == again.of(0));
    REQUIRE(made.of(0).size() == 4);
    CHECK(made.value(1) == -1000);  // the smallest
    results.push_back(made.of(0));
  }
  std::ranges::sort(results);
  CHECK(std::unique(results.begin(), results.end()) - results.begin() == 3);  // 4, 6 or 7
}

}  // namespace glissade::test
