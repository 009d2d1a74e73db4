// Sparse rows, the inverted index over them, and what a label's row is made of.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/candidates/feature_index.h"
#include "engine/candidates/feature_weights.h"
#include "engine/candidates/found_products.h"
#include "engine/candidates/row_lookup.h"
#include "engine/sparse_rows/label_rows.h"
#include "tests/engine/data.h"

namespace glissade::test {
namespace {

float widened(std::uint16_t half) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(half) << 16); }

/// Product of every row with a sample, in double.
std::vector<double> products(const SparseMatrix& rows, std::span<const std::uint32_t> ids, std::span<const float> values,
                             std::size_t features) {
  std::vector<double> x(features), out(rows.rows());
  for (std::size_t j = 0; j < ids.size(); ++j) x[ids[j]] = values[j];
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    for (std::uint64_t j = rows.offsets[row]; j < rows.offsets[row + 1]; ++j)
      out[row] += x[rows.ids[j]] * widened(rows.values[j]);
  }
  return out;
}

LabelRows rows_of(const Data& data, std::uint32_t fan_in) {
  return label_rows(data.view(), all_rows(data), FeatureWeights(SparseWeighting::given, data.view()), fan_in);
}

}  // namespace

TEST_CASE("an index with budget to spare finds the rows of the largest products", "[unit][levels]") {
  const Data data = planted_data(600, 120, 90, 5);
  const SparseMatrix rows = rows_of(data, 100).rows;
  const FeatureIndex index(rows, data.features);
  FeatureIndex::Scratch scratch;
  for (std::size_t s = 0; s < 40; ++s) {
    const auto ids = data.view().features.row_ids(s);
    const auto values = data.view().features.row_values(s);
    const std::vector<double> exact = products(rows, ids, values, data.features);
    index.find(ids, values, 1'000'000, 10, scratch);
    const std::vector<std::uint32_t> found = scratch.found();
    REQUIRE(found.size() == 10);
    std::vector<double> sorted = exact;
    std::ranges::sort(sorted, std::greater());
    for (const std::uint32_t row : found) CHECK(exact[row] >= sorted[9] - 1e-2 * sorted[0]);
    index.find(ids, values, 1'000'000, 1000, scratch);
    const auto touched = std::ranges::count_if(exact, [](double product) { return product != 0; });
    CHECK(scratch.found().size() == static_cast<std::size_t>(touched));
  }
}

TEST_CASE("products by lists are those by rows", "[unit][levels]") {
  const Data data = planted_data(600, 120, 90, 5);
  const SparseMatrix rows = rows_of(data, 100).rows;
  const FeatureIndex index(rows, data.features);
  FeatureIndex::Scratch scratch;
  std::vector<std::uint32_t> which(rows.rows());
  std::iota(which.rbegin(), which.rend(), 0u);
  which.push_back(static_cast<std::uint32_t>(rows.rows()));  // one that came later
  std::vector<float> sums(which.size());
  std::size_t refused = 0;
  for (std::size_t s = 0; s < data.size(); ++s) {
    // Now all features, now one: few entries, which are taken back one by one.
    auto ids = data.view().features.row_ids(s);
    auto values = data.view().features.row_values(s);
    if (s % 2 == 1) ids = ids.first(1), values = values.first(1);
    const std::vector<double> exact = products(rows, ids, values, data.features);
    REQUIRE(index.sums(ids, values, rows.entries(), which, scratch, sums.data()));
    for (std::size_t i = 0; i < rows.rows(); ++i) REQUIRE(sums[i] == Approx(exact[which[i]]).margin(1e-5));
    REQUIRE(sums.back() == 0);
    refused += index.sums(ids, values, 20, which, scratch, sums.data()) ? 0 : 1;
  }
  CHECK(refused > 0);
  CHECK(refused < data.size());
}

TEST_CASE("a short budget reads the shortest list and no more", "[unit]") {
  SparseMatrix rows = matrix_of(std::vector<std::uint32_t>{2, 1, 1, 1});
  const std::vector<std::uint32_t> ids = {0, 1, 1, 1, 1};
  std::ranges::copy(ids, rows.ids.data());
  std::fill_n(rows.values.data(), rows.entries(), std::uint16_t{0x3f80});
  const FeatureIndex index(rows, 3);
  FeatureIndex::Scratch scratch;
  const std::vector<std::uint32_t> query = {0, 1, 2};
  const std::vector<float> values = {1.f, 1.f, 1.f};
  index.find(query, values, 2, 10, scratch);
  CHECK(scratch.found() == std::vector<std::uint32_t>{0});
  index.find(query, values, 5, 10, scratch);
  CHECK(scratch.found().size() == 4);
  scratch.drop({false, true, false, true});
  CHECK(scratch.found() == std::vector<std::uint32_t>{0, 2});
}

TEST_CASE("a row whose sum passes through 0 is found once", "[unit]") {
  // Row 0 has all three features, row 1 the last alone. Of the query 1, -1, 2 row 0's sum is 1, 0, 2; of 1, -1, 0.5 it ends above
  // 0.
  SparseMatrix rows = matrix_of(std::vector<std::uint32_t>{3, 1, 2});
  const std::vector<std::uint32_t> ids = {0, 1, 2, 2, 0, 1};
  std::ranges::copy(ids, rows.ids.data());
  std::fill_n(rows.values.data(), rows.entries(), std::uint16_t{0x3f80});
  const FeatureIndex index(rows, 3);
  FeatureIndex::Scratch scratch;
  const std::vector<std::uint32_t> query = {0, 1, 2};
  const auto found = [&](const std::vector<float>& values, std::size_t most) {
    index.find(query, values, 100, most, scratch);
    std::vector<std::uint32_t> sorted = scratch.found();
    std::ranges::sort(sorted);
    return sorted;
  };
  using Rows = std::vector<std::uint32_t>;
  CHECK(found({1.f, -1.f, 2.f}, 10) == Rows{0, 1, 2});
  CHECK(found({1.f, -1.f, 2.f}, 2) == Rows{0, 1});  // row 2 ends at 0: the least
  CHECK(found({1.f, -1.f, -2.f}, 10) == Rows{0, 1, 2});
  CHECK(found({1e-38f, -1e-38f, 1e-38f}, 1).size() == 1);  // sums too small for a scale of their own
}

TEST_CASE("what lists left unread is looked up in the rows that were found, or these are gone through", "[unit][levels]") {
  const Data data = planted_data(900, 400, 60, 5);
  const SparseMatrix rows = rows_of(data, 300).rows;
  const FeatureIndex index(rows, data.features);
  FeatureIndex::Scratch scratch;
  FoundProducts of_found;
  SpreadSample sample;
  const FeatureWeights weights(SparseWeighting::given, data.view());
  std::size_t looked_up = 0, gone_through = 0;
  for (const std::size_t budget : {1u, 40u, 150u, 400u, 100'000u}) {
    for (std::size_t s = 0; s < 60; ++s) {
      sample.put(weights, data.view().features.row_ids(s), data.view().features.row_values(s));
      const std::vector<double> exact = products(rows, sample.ids(), sample.values(), data.features);
      index.find(sample.ids(), sample.values(), budget, 30, scratch);
      std::vector<bool> dropped(rows.rows());
      dropped[s % rows.rows()] = true;
      scratch.drop(dropped);
      if (!scratch.unread().empty())
        ++(lookup_pays(scratch.unread().size(), rows.entries() / rows.rows()) ? looked_up : gone_through);
      const std::span<const float> got = of_found.of(scratch, sample, rows);
      REQUIRE(got.size() == scratch.found().size());
      for (std::size_t i = 0; i < got.size(); ++i)
        REQUIRE(got[i] == Approx(exact[scratch.found()[i]]).epsilon(1e-5).margin(1e-6));
    }
  }
  CHECK(looked_up > 20);
  CHECK(gone_through > 20);
}

TEST_CASE("features are looked up in rows of any length", "[unit]") {
  hashing::Random random(3);
  for (std::size_t count = 0; count < 70; ++count) {
    const std::vector<std::uint32_t> ids = distinct(random, count, 200);
    for (const std::size_t wanted : {0u, 1u, 3u, 4u, 5u, 9u}) {
      const std::vector<std::uint32_t> features = distinct(random, wanted, 200);
      std::vector<std::uint32_t> places(features.size() + 1), expected;
      for (const std::uint32_t f : features) {
        const auto at = std::ranges::find(ids, f);
        if (at != ids.end()) expected.push_back(static_cast<std::uint32_t>(at - ids.begin()));
      }
      places.resize(look_up(features, ids.data(), count, places.data()));
      REQUIRE(places == expected);
    }
  }
}

TEST_CASE("a label's row is the largest entries of the sum of its samples", "[unit]") {
  const Data data = planted_data(300, 80, 30, 9);
  const LabelRows whole = rows_of(data, 1000), cut = rows_of(data, 4);
  for (std::uint32_t label = 0; label < data.labels; ++label) {
    std::vector<double> sum(data.features);
    std::uint32_t count = 0;
    for (std::size_t s = 0; s < data.size(); ++s) {
      if (std::ranges::find(data.view().labels.row_ids(s), label) == data.view().labels.row_ids(s).end()) continue;
      ++count;
      const auto ids = data.view().features.row_ids(s);
      for (std::size_t j = 0; j < ids.size(); ++j) sum[ids[j]] += data.view().features.row_values(s)[j];
    }
    const double length = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
    CHECK(whole.counts[label] == count);
    CHECK(whole.lengths[label] == Approx(length).margin(1e-5));
    for (std::uint64_t j = whole.rows.offsets[label]; j < whole.rows.offsets[label + 1]; ++j) {
      const double expected = sum[whole.rows.ids[j]] / length * std::pow(count + 1.0, LabelRows::kCommonness);
      CHECK(widened(whole.rows.values[j]) == Approx(expected).epsilon(1.0 / 128));
    }
    const std::uint64_t kept = cut.rows.offsets[label + 1] - cut.rows.offsets[label];
    CHECK(kept == std::min<std::uint64_t>(4, whole.rows.offsets[label + 1] - whole.rows.offsets[label]));
    double least = 1e9;
    for (std::uint64_t j = cut.rows.offsets[label]; j < cut.rows.offsets[label + 1]; ++j)
      least = std::min(least, sum[cut.rows.ids[j]]);
    CHECK(static_cast<std::uint64_t>(std::ranges::count_if(sum, [&](double v) { return v > least + 1e-6; })) <
          std::max<std::uint64_t>(kept, 1));
  }
}

TEST_CASE("a sample taken out of its label's row scores as if the row had never had it", "[unit]") {
  const Data data = planted_data(200, 60, 12, 4);
  const LabelRows with = rows_of(data, 1000);
  const SparseRows x = data.view().features;
  for (std::uint32_t out = 0; out < 20; ++out) {
    std::vector<std::uint32_t> others = all_rows(data);
    std::erase(others, out);
    const LabelRows without = label_rows(data.view(), others, FeatureWeights(SparseWeighting::given, data.view()), 1000);
    const auto all = products(with.rows, x.row_ids(out), x.row_values(out), data.features);
    const auto expected = products(without.rows, x.row_ids(out), x.row_values(out), data.features);
    for (const std::uint32_t label : data.view().labels.row_ids(out)) {
      const float own = 1.f;  // the row has all of the sample's features, and samples have length 1
      CHECK(without_sample(static_cast<float>(all[label]), own, with.counts[label], with.lengths[label]) ==
            Approx(expected[label]).margin(0.02));
    }
  }
  CHECK(without_sample(0.7f, 1.f, 1, 1.f) == 0.f);
}

TEST_CASE("idf weights rare features up, and a weighted row has length 1", "[unit]") {
  Data data{3, 1, {}, {}};
  for (int i = 0; i < 8; ++i) {
    const std::vector<std::uint32_t> ids = i == 0 ? std::vector<std::uint32_t>{0, 1} : std::vector<std::uint32_t>{0};
    data.x.add(ids, std::vector<float>(ids.size(), 5.f));
    data.y.add(std::vector<std::uint32_t>{0});
  }
  const FeatureWeights weights(SparseWeighting::idf, data.view());
  CHECK(weights.weights[0] == Approx(0).margin(1e-6));
  CHECK(weights.weights[1] == Approx(std::log(9.0 / 2)));
  CHECK(weights.weights[2] == Approx(std::log(9.0)));
  std::vector<float> out;
  weights.weigh(std::vector<std::uint32_t>{1, 2}, std::vector<float>{9.f, 1.f}, out);
  CHECK(out[0] * out[0] + out[1] * out[1] == Approx(1));
  CHECK(out[1] / out[0] == Approx(std::log(9.0) / std::log(9.0 / 2)));
}

}  // namespace glissade::test
