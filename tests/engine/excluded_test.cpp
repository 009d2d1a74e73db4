// Labels that a caller leaves out of the answers: the others are what they would be.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <glissade/explain.h>
#include <glissade/metrics.h>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kLabels = 60;

/// Per row a few labels, repeats and one beyond L among them; the first row has none, the second all but three.
struct ExcludedLabels {
  explicit ExcludedLabels(std::size_t rows) {
    for (std::size_t row = 0; row < rows; ++row) {
      if (row == 1) {
        for (std::uint32_t label = 3; label < kLabels; ++label) ids.push_back(label);
      } else if (row > 1) {
        for (std::uint32_t i = 0; i < 9; ++i) ids.push_back(static_cast<std::uint32_t>(row * 7 + i * 5) % kLabels);
        ids.insert(ids.end(), {ids.back(), kLabels + 5});
      }
      offsets.push_back(ids.size());
    }
  }
  SparseRows view() const { return {offsets, ids, {}}; }
  bool holds(std::size_t row, std::uint32_t label) const {
    const auto labels = view().row_ids(row);
    return std::ranges::find(labels, label) != labels.end();
  }
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids;
};

Model trained(const Data& data, bool paths) {
  Config config = small_config();
  if (paths) {
    config.sparse_rows.fan_in = 32;
    config.candidates.neighbours = 20;
  }
  Model model = make_model(config, data);
  train(model, data, 2);
  return model;
}

}  // namespace

TEST_CASE("excluded labels are no answers, and the others are those of a longer list", "[unit]") {
  const bool paths = GENERATE(false, true), probabilities = GENERATE(false, true);
  CAPTURE(paths, probabilities);
  const Data data = random_data(50, 40, kLabels, 3);
  const Model model = trained(data, paths);
  const ExcludedLabels excluded(data.size());
  const auto all = must(model.predict(data.x.view(), {kLabels, Search::exact, probabilities}));
  const auto found = must(model.predict(data.x.view(), {8, Search::exact, probabilities, 0, excluded.view()}));
  REQUIRE(found.k == 8);
  for (std::size_t row = 0; row < data.size(); ++row) {
    std::vector<std::uint32_t> labels;
    std::vector<float> scores;
    for (std::size_t i = row * kLabels; i < (row + 1) * kLabels && labels.size() < 8; ++i) {
      if (excluded.holds(row, all.labels[i])) continue;
      labels.push_back(all.labels[i]);
      scores.push_back(all.scores[i]);
    }
    CHECK(labels.size() == (row == 1 ? 3 : 8));
    labels.resize(8, Predictions::kNoLabel);
    scores.resize(8, -std::numeric_limits<float>::infinity());
    CAPTURE(row);
    CHECK(std::equal(labels.begin(), labels.end(), found.labels.begin() + static_cast<std::ptrdiff_t>(8 * row)));
    for (std::size_t i = 0; i < 8; ++i) {
      if (labels[i] != Predictions::kNoLabel) CHECK(found.scores[8 * row + i] == Approx(scores[i]));
    }
  }
}

TEST_CASE("excluded labels stay with their rows in more than one piece", "[unit]") {
  const Data data = random_data(9000, 40, kLabels, 3);
  const Model model = trained(data, false);
  ExcludedLabels excluded(data.size());
  const auto found = must(model.predict(data.x.view(), {5, Search::exact, false, 0, excluded.view()}));
  for (const std::size_t row : {std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{8999}}) {
    const auto one = [&](const SparseRows& rows) { return SparseRows{rows.offsets.subspan(row, 2), rows.ids, rows.values}; };
    const auto alone = must(model.predict(one(data.x.view()), {5, Search::exact, false, 0, one(excluded.view())}));
    CAPTURE(row);
    CHECK(std::equal(alone.labels.begin(), alone.labels.end(), found.labels.begin() + static_cast<std::ptrdiff_t>(5 * row)));
  }
}

TEST_CASE("evaluate: a true label that is excluded is a miss, in each piece", "[unit]") {
  const Data data = random_data(9000, 40, kLabels, 3);
  const Model model = trained(data, false);
  EvaluateOptions options;
  options.cutoffs = {kLabels};
  CHECK(must(evaluate(model, data.view(), options)).at[0].recall.mean == Approx(1));
  options.excluded = data.y.view();
  CHECK(must(evaluate(model, data.view(), options)).at[0].recall.mean == 0);
}

TEST_CASE("reasons are for the answers that are left", "[unit]") {
  const Data data = random_data(50, 40, kLabels, 3);
  const Model model = trained(data, true);
  const SparseRows row{data.x.view().offsets.subspan(4, 2), data.x.view().ids, data.x.view().values};
  const auto whole = must(explain(model, row, {.k = 4}));
  const std::vector<std::uint32_t> best = {whole[0].label, whole[2].label};
  const std::vector<std::uint64_t> offsets = {0, 2};
  const auto left = must(explain(model, row, {.k = 2, .excluded = {offsets, best, {}}}));
  REQUIRE(left.size() == 2);
  CHECK(left[0].label == whole[1].label);
  CHECK(left[1].label == whole[3].label);
}

TEST_CASE("excluded rows that do not fit are refused", "[unit]") {
  const Data data = random_data(4, 40, kLabels, 3);
  const Model model = make_model(small_config(), data);
  const std::vector<std::uint32_t> ids = {1, 2};
  const std::vector<std::uint64_t> few = {0, 1, 2}, wild = {0, 1, 2, 2, 3};
  CHECK(model.predict(data.x.view(), {5, Search::exact, false, 0, {few, ids, {}}}).error().message ==
        "there are 2 rows of excluded labels and 4 samples; give one for each, or none");
  CHECK(model.predict(data.x.view(), {5, Search::exact, false, 0, {wild, ids, {}}}).error().message ==
        "the offsets of the excluded labels do not ascend within their ids; give rows as SparseRows describes them");
  EvaluateOptions options;
  options.excluded = {few, ids, {}};
  CHECK(evaluate(model, data.view(), options).error().message ==
        "there are 2 rows of excluded labels and 4 samples; give one for each, or none");
}

}  // namespace glissade::test
