// What a look at the data finds, and the weighting that it suggests.
#include <catch2/catch.hpp>

#include <cmath>

#include <glissade/data_profile.h>

#include "tests/engine/data.h"

namespace glissade::test {
namespace {

Data with_values(float (*value)(std::size_t, float), std::size_t rows = 500) {
  Data data = planted_data(rows, 60, 40, 3);
  for (std::size_t i = 0; i < data.x.values.size(); ++i) data.x.values[i] = value(i, data.x.values[i]);
  return data;
}

FeatureWeighting chosen(const Data& data) { return choose_weighting(profile(data.view())).weighting; }

}  // namespace

TEST_CASE("values are told apart: ones, counts, rows of length 1, other numbers", "[unit]") {
  const auto kind = [](const Data& data) { return profile(data.view()).values; };
  CHECK(kind(with_values([](std::size_t, float) { return 1.f; })) == ValueKind::binary);
  CHECK(kind(with_values([](std::size_t i, float) { return static_cast<float>(1 + i % 3); })) == ValueKind::counts);
  CHECK(kind(with_values([](std::size_t, float value) { return value; })) == ValueKind::normalised);
  CHECK(kind(with_values([](std::size_t, float value) { return 2 * value; })) == ValueKind::real);
  CHECK(kind(with_values([](std::size_t i, float) { return static_cast<float>(i % 3) - 1; })) == ValueKind::real);
  Data bare{10, 1, {}, {}};
  bare.x.add(std::vector<std::uint32_t>{0, 3});
  bare.y.add({});
  CHECK(kind(bare) == ValueKind::binary);
  CHECK(profile({}).rows == 0);
}

TEST_CASE("negative values are seen", "[unit]") {
  CHECK(!profile(with_values([](std::size_t, float value) { return value; }).view()).negative);
  CHECK(profile(with_values([](std::size_t i, float value) { return i == 77 ? -value : value; }).view()).negative);
}

TEST_CASE("one outsized column does not hide what the other values are", "[unit]") {
  for (const bool counts : {true, false}) {
    Data data = planted_data(500, 60, 40, 3);
    // Rows without the column keep their length; those with it are one more feature long.
    for (std::size_t row = 0; row < data.size(); ++row) {
      for (auto i = data.x.offsets[row]; i < data.x.offsets[row + 1]; ++i) {
        if (counts) data.x.values[i] = static_cast<float>(1 + i % 3);
        if (data.x.ids[i] == 17) data.x.values[i] = 1e6f * data.x.values[i] + 0.5f;
      }
    }
    const DataProfile seen = profile(data.view());
    REQUIRE(seen.outsized.size() == 1);
    CHECK(seen.outsized[0].feature == 17);
    CHECK(seen.values == (counts ? ValueKind::counts : ValueKind::real));
    CHECK(chosen(data) == (counts ? FeatureWeighting::tf_idf : FeatureWeighting::scaled));
  }
}

TEST_CASE("counts are weighted, what has weights already is left alone", "[unit]") {
  CHECK(chosen(with_values([](std::size_t i, float) { return static_cast<float>(1 + i % 3); })) == FeatureWeighting::tf_idf);
  CHECK(chosen(with_values([](std::size_t, float) { return 1.f; })) == FeatureWeighting::tf_idf);
  CHECK(chosen(with_values([](std::size_t, float value) { return value; })) == FeatureWeighting::given);
  CHECK(chosen(with_values([](std::size_t, float value) { return 3 * value; })) == FeatureWeighting::given);
}

TEST_CASE("items that go with items keep their values", "[unit]") {
  // Features below 30, labels from 30 on, ids of one space: no row has one as both, by chance some would.
  Data data{60, 60, {}, {}};
  hashing::Random random(3);
  for (int row = 0; row < 300; ++row) {
    const auto ids = distinct(random, 6, 60);
    std::vector<std::uint32_t> x(ids.begin(), ids.begin() + 4), y(ids.begin() + 4, ids.end());
    if (row % 2 == 1) x.assign(ids.begin() + 2, ids.end()), y.assign(ids.begin(), ids.begin() + 2);
    data.x.add(x);
    data.y.add(y);
  }
  CHECK(profile(data.view()).same_things);
  CHECK(chosen(data) == FeatureWeighting::given);
  data.labels = 61;  // other things
  CHECK(!profile(data.view()).same_things);
  CHECK(chosen(data) == FeatureWeighting::tf_idf);
}

TEST_CASE("repeated rows, rows of other data, labels and empty rows are counted", "[unit]") {
  const std::vector<std::uint32_t> ab{0, 1}, ba{1, 0}, c{2}, none, l0{0}, l1{1};
  const std::vector<float> one_two{1, 2}, two_one{2, 1}, two{2};
  Data data{5, 200, {}, {}};
  data.x.add(ab, one_two), data.y.add(l0);
  data.x.add(ba, two_one), data.y.add(l0);  // the first again, in another order
  data.x.add(ab, one_two), data.y.add(l1);  // with another label
  data.x.add(ab, two_one), data.y.add(l0);  // with other values
  data.x.add(c, two), data.y.add(none);
  data.x.add(none, {}), data.y.add(l0);
  const DataProfile seen = profile(data.view());
  CHECK(seen.repeated_inputs == 2);
  CHECK(seen.repeated_rows == 1);
  CHECK(seen.rows_without_features == 1);
  CHECK(seen.rows_without_labels == 1);
  CHECK(seen.features_used == 3);
  CHECK(seen.labels_used == 2);
  CHECK(seen.labels_with_one_row == 1);
  CHECK(seen.head_share == Approx(4.0 / 5));
  CHECK(seen.features_per_row == Approx(9.0 / 6));
  CHECK(seen.labels_per_row == Approx(5.0 / 6));
  CHECK(seen.own_ids == 4);  // of rows 0 to 3
  Data other{5, 200, {}, {}};
  other.x.add(ba, two_one), other.y.add(l1);
  other.x.add(ab, one_two), other.y.add(c);
  other.x.add(c, std::vector<float>{3}), other.y.add(l0);
  const SharedRows shared = shared_rows(data.view(), other.view());
  CHECK(shared.inputs == 2);
  CHECK(shared.rows == 1);
}

TEST_CASE("a column that is not outsized, and values of other kinds, tell the length of the median row", "[unit]") {
  CHECK(profile(with_values([](std::size_t, float value) { return 3 * value; }).view()).row_length == Approx(3));
}

namespace {

/// Rows with their labels among the features, as features 60 + label.
Data with_labels_among_features(const Data& clean) {
  Data out{60 + clean.labels, clean.labels, {}, clean.y};
  for (std::size_t row = 0; row < clean.size(); ++row) {
    const auto ids = clean.x.view().row_ids(row);
    const auto values = clean.x.view().row_values(row);
    std::vector<std::uint32_t> all(ids.begin(), ids.end());
    std::vector<float> weights(values.begin(), values.end());
    for (const std::uint32_t label : clean.y.view().row_ids(row)) all.push_back(60 + label), weights.push_back(1);
    out.x.add(all, weights);
  }
  return out;
}

}  // namespace

TEST_CASE("labels among the features are found", "[unit]") {
  const Data clean = planted_data(500, 60, 40, 3);
  CHECK(profile(clean.view()).label_features == 0);
  CHECK(chosen(clean) == FeatureWeighting::given);
  Data leak = with_labels_among_features(clean);
  const DataProfile seen = profile(leak.view());
  CHECK(seen.label_features == seen.labels_used);
  CHECK(chosen(leak) == FeatureWeighting::scaled);
  // Not in exactly the rows of the label any more, for most labels.
  for (std::size_t i = 0; i < leak.x.ids.size(); ++i) {
    if (leak.x.ids[i] >= 60 && i % 2 == 0) leak.x.ids[i] = 0;
  }
  CHECK(profile(leak.view()).label_features == 0);
}

TEST_CASE("features and labels that are the same by design are no mistake", "[unit]") {
  const Data some = planted_data(500, 60, 40, 3);
  Data out{40, 40, {}, some.y};
  for (std::size_t row = 0; row < some.size(); ++row) out.x.add(some.y.view().row_ids(row));
  CHECK(profile(out.view()).label_features == 0);
}

TEST_CASE("few labels that a feature tells are knowledge", "[unit]") {
  Data data{60, 10, {}, {}};
  hashing::Random random(3);
  for (std::uint32_t row = 0; row < 200; ++row) {
    std::vector<std::uint32_t> ids = distinct(random, 4, 50);
    ids.push_back(50 + row % 10);
    data.x.add(ids);
    data.y.add(std::vector<std::uint32_t>{row % 10});
  }
  CHECK(profile(data.view()).label_features == 0);
}

}  // namespace glissade::test
