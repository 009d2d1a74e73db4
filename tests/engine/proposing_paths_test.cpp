// What the paths beside the hidden one share: the set of candidates, the query that all of them look up, their arrays in a file.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "engine/neighbours/votes.h"
#include "engine/ranking/ranked_paths.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

using model_file::SectionKind;

FeatureWeights weights_of(std::vector<float> values) {
  FeatureWeights out;
  out.weights = Array<float>(values.size());
  std::ranges::copy(values, out.weights.data());
  return out;
}

/// One row with the value 1 at each of `features`.
SparseMatrix row_of(const std::vector<std::uint32_t>& features) {
  const std::vector<std::uint32_t> lengths{static_cast<std::uint32_t>(features.size())};
  SparseMatrix rows = matrix_of(lengths);
  std::ranges::copy(features, rows.ids.data());
  std::fill_n(rows.values.data(), features.size(), std::uint16_t{0x3f80});
  return rows;
}

}  // namespace

TEST_CASE("a candidate is named once, and never where it is excluded", "[unit]") {
  CandidateSet set(10);
  set.exclude(7);
  set.add(3);
  const std::vector<std::uint32_t> labels{7, 3, 5, 9, 1};
  const std::vector<float> scores{9, 8, 2, 7, 1};
  set.add_best(labels, scores, 4);  // of these four, two are taken
  CHECK(set.labels() == std::vector<std::uint32_t>{3, 9, 5});
  CHECK(set.is_taken(7));
  CHECK_FALSE(set.is_taken(1));
  set.begin_features();
  set.features()[2][CandidateFeature::direct] = 4;
  set.clear();
  CHECK_FALSE(set.is_taken(7));
  for (const std::uint32_t label : {1u, 2u, 7u}) set.add(label);
  set.begin_features();
  CHECK(set.features()[2][CandidateFeature::direct] == 0);
}

TEST_CASE("a query is seen under the weights of the path that asks, and is forgotten with its sample", "[unit]") {
  const FeatureWeights first = weights_of({1, 1, 0}), second = weights_of({0, 3, 4});
  const SparseMatrix rows = row_of({0, 2});
  const std::vector<std::uint32_t> ids{0, 1, 2}, other{0, 1}, which{0};
  const std::vector<float> values{3, 4, 1};
  SparseQuery query;
  query.begin(ids, values);
  CHECK(query.products(first, rows, which)[0] == Approx(3.0 / 5));                  // (3, 4, 0) / 5
  CHECK(query.products(second, rows, which)[0] == Approx(4.0 / std::sqrt(160.0)));  // (0, 12, 4) / sqrt(160)
  CHECK(query.products(first, rows, which)[0] == Approx(3.0 / 5));
  query.begin(other, {});
  CHECK(query.products(first, rows, which)[0] == Approx(1.0 / std::sqrt(2.0)));
  const FeatureIndex index(rows, 3);
  CHECK(query.find(first, index, 100, 10).found() == which);
}

TEST_CASE("votes count for all labels of a neighbour, and only for the sample at hand", "[unit]") {
  Votes votes(10);
  CandidateSet set(10);
  votes.clear();
  votes.add(0.5f, 1.f, std::vector<std::uint32_t>{1, 2});
  votes.add(1.f, 1.f, std::vector<std::uint32_t>{2});
  votes.add(-1.f, 1.f, std::vector<std::uint32_t>{3});  // unlike the sample: a neighbour, but no vote
  votes.propose(2, set);
  CHECK(set.labels() == std::vector<std::uint32_t>{2, 1});
  set.add(9);
  set.begin_features();
  votes.describe(set);
  CHECK(set.features()[0][CandidateFeature::votes_2] == Approx(1));
  CHECK(set.features()[1][CandidateFeature::votes_4] == Approx(0.0625 / 1.0625));
  CHECK(set.features()[1][CandidateFeature::likeness] == 0.5f);
  CHECK(set.features()[0][CandidateFeature::voters] == Approx(2.0 / 3));
  CHECK(set.features()[2][CandidateFeature::votes_8] == 0);
  CHECK(set.features()[2][CandidateFeature::best_likeness] == 1);
  votes.clear();
  set.clear();
  votes.propose(2, set);
  CHECK(set.labels().empty());
}

TEST_CASE("the arrays of the paths are written in the order of the file format's first version, newer ones behind", "[unit]") {
  RankedPaths paths;
  std::vector<std::tuple<SectionKind, std::uint32_t>> order;
  for (const StoredArray& array : paths.arrays()) order.emplace_back(array.kind, array.index);
  const std::vector<std::tuple<SectionKind, std::uint32_t>> expected{
      {SectionKind::sparse_offsets, 0},
      {SectionKind::sparse_ids, 0},
      {SectionKind::sparse_values, 0},
      {SectionKind::sparse_offsets, 1},
      {SectionKind::sparse_ids, 1},
      {SectionKind::sparse_values, 1},
      {SectionKind::sparse_offsets, 2},
      {SectionKind::sparse_ids, 2},
      {SectionKind::sparse_values, 2},
      {SectionKind::sparse_offsets, 3},
      {SectionKind::sparse_ids, 3},
      {SectionKind::sparse_values, 3},
      {SectionKind::feature_weights, 0},
      {SectionKind::feature_weights, 1},
      {SectionKind::feature_weights, 2},
      {SectionKind::sample_label_begins, 0},
      {SectionKind::sample_labels, 0},
      {SectionKind::blend, 0},
      {SectionKind::ranker, 0},
      {SectionKind::sparse_low, 0},
      {SectionKind::sparse_second_moment, 0},
      {SectionKind::calibration, 0},
      {SectionKind::sample_weights, 0},
  };
  CHECK(order == expected);
}

TEST_CASE("a path that the options do not ask for proposes nothing, the others do", "[unit]") {
  const Data data = planted_data(200, 60, 25, 3);
  std::vector<std::uint32_t> all(data.size());
  for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  Config config;
  config.candidates.list_budget = 100'000;
  config.sparse_rows.fan_in = GENERATE(0u, 20u);
  config.candidates.neighbours = config.sparse_rows.fan_in == 0 ? 5 : 0;
  const RankedPaths paths = build_paths(config, data.view(), all);
  CHECK(paths.label_rows.empty() == (config.sparse_rows.fan_in == 0));
  CHECK(paths.neighbours.empty() == (config.candidates.neighbours == 0));
  CHECK_FALSE(paths.empty());
  for (const ProposingPath* path : paths.all()) {
    if (path->empty()) continue;
    SparseQuery query;
    CandidateSet set(data.labels);
    const auto proposer = path->proposer(config, data.labels);
    query.begin(data.x.view().row_ids(4), data.x.view().row_values(4));
    proposer->propose(query, {}, set);
    CHECK_FALSE(set.labels().empty());
    set.begin_features();
    proposer->describe(query, set);
    const auto said = config.sparse_rows.fan_in == 0 ? CandidateFeature::votes_2 : CandidateFeature::direct;
    CHECK(set.features()[0][said] > 0);
    CHECK(set.features()[0][config.sparse_rows.fan_in == 0 ? CandidateFeature::direct : CandidateFeature::votes_2] == 0);
  }
}

}  // namespace glissade::test
