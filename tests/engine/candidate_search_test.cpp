// What speaks for a candidate label: each feature against its definition, over all labels and all samples of a small memory.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "engine/ranking/candidate_search.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kSearchedFeatures = 60, kSearchedLabels = 25;
constexpr std::size_t kWidth = 8, kNeighbours = 6;

struct SearchedWorld {
  Data data = planted_data(80, kSearchedFeatures, kSearchedLabels, 3);
  Data queries = planted_data(12, kSearchedFeatures, kSearchedLabels, 4);
  Config config;
  RankedPaths paths;
  ParameterRows output{kSearchedLabels, kWidth, {Storage::fp32, true, true, {}}};
  std::vector<std::uint32_t> counts = std::vector<std::uint32_t>(kSearchedLabels);
  Activations hidden;

  explicit SearchedWorld(LossKind loss) {
    config.network.loss = loss;
    config.sparse_rows.fan_in = 20;
    config.candidates.neighbours = kNeighbours;
    config.candidates.list_budget = 1'000'000;
    std::vector<std::uint32_t> all(data.size());
    std::iota(all.begin(), all.end(), 0u);
    paths = build_paths(config, data.view(), all);
    output.randomize(1.0, 3);
    hashing::Random random(5);
    for (std::uint32_t i = 0; i < kSearchedLabels; ++i) output.bias[i] = static_cast<float>(random.unit() - 0.5);
    for (const std::uint32_t label : data.y.ids) ++counts[label];
    hidden.resize(queries.size(), kWidth, false);
    for (std::size_t s = 0; s < queries.size(); ++s) {
      for (std::size_t j = 0; j < kWidth; ++j) hidden.row(s)[j] = static_cast<float>(random.unit() - 0.3);
    }
  }

  /// Products of a query, as the paths see it, with all rows.
  std::vector<double> products(const SparseMatrix& rows, std::size_t query) const {
    std::vector<float> weighted;
    paths.label_rows.weights.weigh(queries.x.view().row_ids(query), queries.x.view().row_values(query), weighted);
    std::vector<double> x(kSearchedFeatures), out(rows.rows());
    for (std::size_t j = 0; j < weighted.size(); ++j) x[queries.x.view().row_ids(query)[j]] = weighted[j];
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      for (std::uint64_t e = rows.offsets[row]; e < rows.offsets[row + 1]; ++e)
        out[row] += x[rows.ids[e]] * widened(rows.values[e]);
    }
    return out;
  }

  double logit(std::size_t query, std::uint32_t label) const {
    double z = output.bias[label];
    for (std::size_t j = 0; j < kWidth; ++j) z += double{output.weights[label * output.stride() + j]} * hidden.row(query)[j];
    return z;
  }
};

double value(const CandidateFeatures& features, CandidateFeature which) { return features[which]; }

/// The likest samples, with their likeness.
std::vector<std::pair<double, std::size_t>> nearest(const std::vector<double>& products) {
  std::vector<std::pair<double, std::size_t>> all;
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (products[i] != 0) all.emplace_back(products[i], i);
  }
  std::ranges::sort(all, std::greater());
  all.resize(std::min(all.size(), kNeighbours));
  return all;
}

}  // namespace

TEST_CASE("each term of a candidate is what it is said to be", "[unit][levels]") {
  const LossKind loss = GENERATE(LossKind::softmax, LossKind::bce);
  SearchedWorld world(loss);
  CandidateSearch search(world.config, world.paths, world.output, kSearchedLabels, world.counts, OwnLabels({}, kSearchedLabels));
  const std::vector<std::uint32_t> best = {24, 3};
  constexpr float kLogSum = 2.5f;
  for (std::size_t query = 0; query < world.queries.size(); ++query) {
    const auto ids = world.queries.x.view().row_ids(query);
    search.find({ids, world.queries.x.view().row_values(query), world.hidden, query, best, kLogSum});
    const std::vector<double> direct = world.products(world.paths.label_rows.rows, query);
    const auto neighbours = nearest(world.products(world.paths.neighbours.samples, query));
    std::set<std::uint32_t> wanted(best.begin(), best.end());
    for (std::uint32_t label = 0; label < kSearchedLabels; ++label) {
      if (direct[label] != 0) wanted.insert(label);
    }
    double sums[3] = {}, best_direct = 0, best_hidden = -1e30;
    for (const auto& [likeness, sample] : neighbours) {
      for (int i = 0; i < 3; ++i) sums[i] += std::pow(likeness, 2 << i);
      for (const std::uint32_t label : world.data.y.view().row_ids(sample)) wanted.insert(label);
    }
    const std::vector<std::uint32_t>& labels = search.labels();
    REQUIRE(std::set<std::uint32_t>(labels.begin(), labels.end()) == wanted);
    REQUIRE(labels.size() == wanted.size());
    REQUIRE(labels[0] == best[0]);
    const auto by_hidden = [&](std::uint32_t label) {
      const double z = world.logit(query, label);
      return loss == LossKind::bce ? -std::log1p(std::exp(-z)) : z - kLogSum;
    };
    for (const std::uint32_t label : labels) {
      best_direct = std::max(best_direct, direct[label]);
      best_hidden = std::max(best_hidden, by_hidden(label));
    }
    for (std::size_t c = 0; c < labels.size(); ++c) {
      const std::uint32_t label = labels[c];
      const CandidateFeatures& features = search.features()[c];
      double votes[3] = {}, voters = 0, likest = 0;
      for (const auto& [likeness, sample] : neighbours) {
        const auto its = world.data.y.view().row_ids(sample);
        if (std::ranges::find(its, label) == its.end()) continue;
        for (int i = 0; i < 3; ++i) votes[i] += std::pow(likeness, 2 << i);
        voters += 1;
        likest = std::max(likest, likeness);
      }
      CAPTURE(query, label);
      CHECK(value(features, CandidateFeature::hidden) == Approx(by_hidden(label)).margin(1e-5));
      CHECK(value(features, CandidateFeature::hidden_gap) == Approx(by_hidden(label) - best_hidden).margin(1e-5));
      CHECK(value(features, CandidateFeature::direct) == Approx(direct[label]).margin(1e-5));
      CHECK(value(features, CandidateFeature::direct_share) == Approx(direct[label] / best_direct).margin(1e-5));
      CHECK(value(features, CandidateFeature::direct_best) == Approx(best_direct).margin(1e-5));
      CHECK(value(features, CandidateFeature::votes_2) == Approx(votes[0] / sums[0]).margin(1e-5));
      CHECK(value(features, CandidateFeature::votes_4) == Approx(votes[1] / sums[1]).margin(1e-5));
      CHECK(value(features, CandidateFeature::votes_8) == Approx(votes[2] / sums[2]).margin(1e-5));
      CHECK(value(features, CandidateFeature::log_votes) == Approx(std::log(votes[1] / sums[1] + 1e-3)).margin(1e-4));
      CHECK(value(features, CandidateFeature::voters) == Approx(voters / static_cast<double>(neighbours.size())).margin(1e-6));
      CHECK(value(features, CandidateFeature::likeness) == Approx(likest).margin(1e-5));
      CHECK(value(features, CandidateFeature::best_likeness) == Approx(neighbours[0].first).margin(1e-5));
      CHECK(value(features, CandidateFeature::log_count) == Approx(std::log(world.counts[label] + 1.0)).margin(1e-6));
      CHECK(value(features, CandidateFeature::log_features) ==
            Approx(std::log(static_cast<double>(ids.size()) + 1)).margin(1e-6));
    }
  }
}

TEST_CASE("samples that are to be passed over do not vote", "[unit]") {
  SearchedWorld world(LossKind::softmax);
  CandidateSearch search(world.config, world.paths, world.output, kSearchedLabels, world.counts, OwnLabels({}, kSearchedLabels));
  const std::vector<std::uint32_t> none;
  const auto first = nearest(world.products(world.paths.neighbours.samples, 0))[0];
  std::vector<bool> unknown(world.data.size());
  unknown[first.second] = true;
  search.find({world.queries.x.view().row_ids(0), world.queries.x.view().row_values(0), world.hidden, 0, none, 0.f}, unknown);
  REQUIRE_FALSE(search.features().empty());
  CHECK(value(search.features()[0], CandidateFeature::best_likeness) < first.first - 1e-4);
}

TEST_CASE("features that weigh nothing find no rows", "[unit]") {
  SparseMatrix rows = matrix_of(std::vector<std::uint32_t>{1, 1, 1});
  const std::vector<std::uint32_t> ids = {0, 1, 1};
  std::ranges::copy(ids, rows.ids.data());
  std::fill_n(rows.values.data(), rows.entries(), std::uint16_t{0x3f80});
  const FeatureIndex index(rows, 3);
  FeatureIndex::Scratch scratch;
  index.find(std::vector<std::uint32_t>{0, 1}, std::vector<float>{0.f, 1.f}, 100, 10, scratch);
  std::vector<std::uint32_t> found = scratch.found();
  std::ranges::sort(found);
  CHECK(found == std::vector<std::uint32_t>{1, 2});
}

}  // namespace glissade::test
