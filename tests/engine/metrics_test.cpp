#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <glissade/metrics.h>

#include "engine/evaluation/score_sums.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint32_t kNone = Predictions::kNoLabel;

/// Label sets as a SparseRows.
struct Labels {
  explicit Labels(std::vector<std::vector<std::uint32_t>> sets) : sets(std::move(sets)) {
    for (const auto& set : this->sets) {
      ids.insert(ids.end(), set.begin(), set.end());
      offsets.push_back(ids.size());
    }
  }
  SparseRows rows() const { return {offsets, ids, {}}; }
  std::vector<std::vector<std::uint32_t>> sets;
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids;
};

Predictions predictions(std::uint32_t k, std::vector<std::uint32_t> labels) {
  Predictions out;
  out.k = k;
  out.scores.assign(labels.size(), 0.f);
  out.labels = std::move(labels);
  return out;
}

/// The definitions, written down once more without any economy.
double reference_precision(const std::vector<std::uint32_t>& top, const std::set<std::uint32_t>& truth, std::size_t k) {
  double hits = 0;
  for (std::size_t i = 0; i < k && i < top.size(); ++i) hits += static_cast<double>(truth.count(top[i]));
  return hits / static_cast<double>(k);
}

double reference_ndcg(const std::vector<std::uint32_t>& top, const std::set<std::uint32_t>& truth, std::size_t k) {
  double dcg = 0, ideal = 0;
  for (std::size_t i = 1; i <= k; ++i) {
    if (i <= top.size() && truth.count(top[i - 1]) == 1) dcg += std::log(2.0) / std::log(static_cast<double>(i + 1));
    if (i <= truth.size()) ideal += std::log(2.0) / std::log(static_cast<double>(i + 1));
  }
  return dcg / ideal;
}

TEST_CASE("propensities against values worked out by hand", "[unit]") {
  // N = 1000: C = (ln 1000 - 1) * 2.5^0.55 = 5.907755 * 1.655263 = 9.778888.
  const std::vector<std::uint32_t> counts = {0, 1, 10, 1000};
  const auto p = propensities(counts, 1000);
  REQUIRE(p.size() == 4);
  CHECK(p[0] == Approx(1 / (1 + 9.778888 * 0.800110)).epsilon(1e-5));  // 1.5^-0.55
  CHECK(p[1] == Approx(1 / (1 + 5.907755)).epsilon(1e-5));             // n = 1: (B + 1)^A cancels
  CHECK(p[2] == Approx(1 / (1 + 9.778888 * 0.260985)).epsilon(1e-5));  // 11.5^-0.55
  CHECK(p[3] == Approx(1 / (1 + 9.778888 * 0.022369)).epsilon(1e-4));  // 1001.5^-0.55
  CHECK(std::is_sorted(p.begin(), p.end()));
  CHECK(propensities({}, 5).empty());
}

TEST_CASE("propensities stay in (0, 1] for any number of samples", "[unit]") {
  const std::vector<std::uint32_t> counts = {0, 1, 2, 4000000000u};
  for (const std::uint64_t samples : {0ull, 1ull, 2ull, 3ull, 100ull, 1ull << 40}) {
    for (const float p : propensities(counts, samples)) {
      CHECK(p > 0.f);
      CHECK(p <= 1.f);
    }
  }
}

TEST_CASE("metrics worked out by hand", "[unit]") {
  const Labels truth({{7, 2}, {1}, {}, {0, 3, 4, 5, 6, 9}});
  const auto top = predictions(5, {2, 0, 7, 8, 9,        // ranks 1 and 3
                                   0, 2, 3, 4, 1,        // rank 5
                                   0, 1, 2, 3, 4,        // has no label: left out
                                   8, 0, 3, 4, kNone});  // ranks 2, 3, 4
  const Metrics m = score(top, truth.rows(), {});
  CHECK(m.samples == 4);
  CHECK(m.unlabelled == 1);
  CHECK(m.precision[0] == Approx((1.0 + 0 + 0) / 3));
  CHECK(m.precision[1] == Approx((2.0 / 3 + 0 + 2.0 / 3) / 3));
  CHECK(m.precision[2] == Approx((2.0 / 5 + 1.0 / 5 + 3.0 / 5) / 3));
  // Discounts of ranks 1 .. 5: 1, 0.630930, 0.5, 0.430677, 0.386853.
  CHECK(m.ndcg[0] == Approx(1.0 / 3));
  CHECK(m.ndcg[1] == Approx((1.5 / 1.630930 + 0 + 1.130930 / 2.130930) / 3).epsilon(1e-5));
  CHECK(m.ndcg[2] == Approx((1.5 / 1.630930 + 0.386853 + 1.561606 / 2.948459) / 3).epsilon(1e-5));
  CHECK(m.psp == std::array<double, 3>{0, 0, 0});
}

TEST_CASE("propensity-scored precision worked out by hand", "[unit]") {
  // Weights 1 / p of labels 0 .. 3: 1, 2, 4, 10.
  const std::vector<float> propensity = {1.f, 0.5f, 0.25f, 0.1f};
  const Labels truth({{0, 3}, {1, 2}});
  const auto top = predictions(5, {0, 1, 3, kNone, kNone,    // finds 1 at rank 1, 10 at rank 3
                                   1, 3, 0, kNone, kNone});  // finds 2 at rank 1
  const Metrics m = score(top, truth.rows(), propensity);
  CHECK(m.psp[0] == Approx((1.0 + 2) / (10 + 4)));
  CHECK(m.psp[1] == Approx((11.0 + 2) / (11 + 6)));
  CHECK(m.psp[2] == Approx((11.0 + 2) / (11 + 6)));
}

TEST_CASE("a true label of any id is a miss that stays in the denominators, and never meets an empty place", "[unit]") {
  const std::vector<float> propensity = {1.f, 0.5f};
  const Labels truth({{0, 7}, {kNone}, {kNone - 1, 1}});
  const auto top = predictions(5, {0, kNone, kNone, kNone, kNone,  // 7 is missed
                                   1, 0, kNone, kNone, kNone,      // an unknown label is all there is
                                   1, kNone, kNone, kNone, kNone});
  const Metrics m = score(top, truth.rows(), propensity);
  CHECK(m.unlabelled == 0);
  CHECK(m.precision[0] == Approx(2.0 / 3));
  CHECK(m.precision[2] == Approx(2.0 / 15));
  CHECK(m.ndcg[1] == Approx(2 / (1 + 1 / std::log2(3)) / 3));
  CHECK(m.psp[1] == Approx((1.0 + 2) / (2 + 1 + 3)));  // beyond the propensities: weight 1
  ScoreSums sums(4.0);
  sums.add(top, truth.rows(), propensity);
  CHECK(sums.metrics().psp[1] == Approx((1.0 + 2) / (5 + 4 + 6)));
}

TEST_CASE("perfect predictions score 1 wherever 1 can be reached", "[unit]") {
  const Labels truth({{4, 1, 3, 2, 0}});
  const std::vector<float> propensity = {0.9f, 0.8f, 0.7f, 0.6f, 0.5f};
  const Metrics m = score(predictions(5, {4, 3, 2, 1, 0}), truth.rows(), propensity);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(m.precision[i] == Approx(1));
    CHECK(m.ndcg[i] == Approx(1));
    CHECK(m.psp[i] == Approx(1));
  }
}

TEST_CASE("no samples, and no labelled sample, give zeros", "[unit]") {
  const Metrics none = score(predictions(5, {}), SparseRows{}, {});
  CHECK(none.samples == 0);
  CHECK(none.precision[0] == 0);
  const Labels truth({{}, {}});
  const Metrics unlabelled = score(predictions(5, std::vector<std::uint32_t>(10, kNone)), truth.rows(), {});
  CHECK(unlabelled.samples == 2);
  CHECK(unlabelled.unlabelled == 2);
  CHECK(unlabelled.ndcg[2] == 0);
}

/// Random label sets and rankings (k = 7, so that ranks beyond the deepest cut-off are there to be ignored).
struct RandomCase {
  RandomCase() {
    hashing::Random random(3);
    std::vector<std::vector<std::uint32_t>> sets(500);
    for (auto& set : sets) {
      std::set<std::uint32_t> unique;
      for (std::uint64_t n = random.below(9); unique.size() < n;) unique.insert(static_cast<std::uint32_t>(random.below(40)));
      set.assign(unique.begin(), unique.end());
      std::reverse(set.begin(), set.end());
      std::vector<std::uint32_t> order(40);
      for (std::uint32_t i = 0; i < 40; ++i) order[i] = i;
      for (std::size_t i = 0; i < 7; ++i) std::swap(order[i], order[i + random.below(40 - i)]);
      top.insert(top.end(), order.begin(), order.begin() + 7);
    }
    truth = Labels(std::move(sets));
    for (int label = 0; label < 40; ++label) propensity.push_back(static_cast<float>(0.01 + 0.99 * random.unit()));
  }
  Labels truth{{}};
  std::vector<std::uint32_t> top;
  std::vector<float> propensity;
};

TEST_CASE("metrics agree with their definitions on random rankings", "[property]") {
  const RandomCase c;
  const Metrics m = score(predictions(7, c.top), c.truth.rows(), c.propensity);
  for (std::size_t i = 0; i < kCutoffs.size(); ++i) {
    const std::size_t k = kCutoffs[i];
    double precision = 0, ndcg = 0, found = 0, best = 0, scored = 0;
    for (std::size_t row = 0; row < c.truth.sets.size(); ++row) {
      const std::set<std::uint32_t> truth(c.truth.sets[row].begin(), c.truth.sets[row].end());
      const std::vector<std::uint32_t> top(c.top.begin() + static_cast<std::ptrdiff_t>(row * 7),
                                           c.top.begin() + static_cast<std::ptrdiff_t>(row * 7 + 7));
      if (truth.empty()) continue;
      scored += 1;
      precision += reference_precision(top, truth, k);
      ndcg += reference_ndcg(top, truth, k);
      for (std::size_t r = 0; r < k; ++r) found += truth.count(top[r]) == 1 ? 1.0 / c.propensity[top[r]] : 0;
      std::vector<double> weights;
      weights.reserve(truth.size());
      for (const std::uint32_t label : truth) weights.push_back(1.0 / c.propensity[label]);
      std::sort(weights.rbegin(), weights.rend());
      for (std::size_t r = 0; r < std::min(k, weights.size()); ++r) best += weights[r];
    }
    CHECK(m.precision[i] == Approx(precision / scored).epsilon(1e-12));
    CHECK(m.ndcg[i] == Approx(ndcg / scored).epsilon(1e-12));
    CHECK(m.psp[i] == Approx(found / best).epsilon(1e-12));
    CHECK(m.samples - m.unlabelled == static_cast<std::uint64_t>(scored));
    CHECK(m.unlabelled > 0);
  }
}

TEST_CASE("scoring in pieces gives the same bits as in one", "[property]") {
  const RandomCase c;
  const Metrics whole = score(predictions(7, c.top), c.truth.rows(), c.propensity);
  for (const std::size_t piece : {1, 3, 64, 499}) {
    ScoreSums sums;
    for (std::size_t first = 0; first < c.truth.sets.size(); first += piece) {
      const std::size_t count = std::min(piece, c.truth.sets.size() - first);
      const auto begin = c.top.begin() + static_cast<std::ptrdiff_t>(first * 7);
      const SparseRows all = c.truth.rows();
      sums.add(predictions(7, {begin, begin + static_cast<std::ptrdiff_t>(count * 7)}),
               {all.offsets.subspan(first, count + 1), all.ids, {}}, c.propensity);
    }
    CHECK(sums.metrics().precision == whole.precision);
    CHECK(sums.metrics().ndcg == whole.ndcg);
    CHECK(sums.metrics().psp == whole.psp);
    CHECK(sums.metrics().unlabelled == whole.unlabelled);
  }
}

}  // namespace
}  // namespace glissade
