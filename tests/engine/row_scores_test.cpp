// Means at cut-offs, and how sure they are.
#include "engine/evaluation/row_scores.h"

#include <oneapi/tbb/global_control.h>
#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint32_t kNoLabel = Predictions::kNoLabel;

/// Samples of one label each, 0, whose prediction has it at rank `ranks[i]`, of `k`.
std::vector<CutoffMetrics> of_ranks(const std::vector<std::uint32_t>& ranks, std::uint32_t k, std::vector<std::uint32_t> cutoffs,
                                    bool intervals) {
  Predictions predictions;
  predictions.k = k;
  std::vector<std::uint64_t> offsets = {0};
  for (const std::uint32_t rank : ranks) {
    for (std::uint32_t at = 0; at < k; ++at) predictions.labels.push_back(at == rank ? 0 : at + 1);
    offsets.push_back(offsets.size());
  }
  const std::vector<std::uint32_t> labels(ranks.size(), 0);
  RowScores scores(std::move(cutoffs));
  scores.add(predictions, {offsets, labels, {}});
  return scores.metrics(intervals);
}

std::vector<std::uint32_t> drawn_ranks(std::size_t samples, double share) {
  hashing::Random random(7);
  std::vector<std::uint32_t> ranks;
  for (std::size_t i = 0; i < samples; ++i) ranks.push_back(random.unit() < share ? 0 : 9);
  return ranks;
}

}  // namespace

TEST_CASE("P, recall, hit rate and nDCG at a cut-off", "[unit]") {
  RowScores scores({4, 2});
  Predictions predictions;
  predictions.k = 4;
  predictions.labels = {5, 1, 2, kNoLabel, 9, 8, 7, 6, 0, 1, 2, 3};
  const std::vector<std::uint64_t> offsets = {0, 3, 4, 4};
  const std::vector<std::uint32_t> labels = {1, 2, kNoLabel, 6};
  scores.add(predictions, {offsets, labels, {}});
  const auto at = scores.metrics(false);
  REQUIRE(at.size() == 2);
  const double second = 1 / std::log2(3.0), third = 0.5, fourth = 1 / std::log2(5.0), three = 1 + second + third;
  CHECK(at[0].k == 4);
  CHECK(at[0].precision.mean == Approx((2.0 / 4 + 1.0 / 4) / 2));
  CHECK(at[0].recall.mean == Approx((2.0 / 3 + 1) / 2));
  CHECK(at[0].hit_rate.mean == 1);
  CHECK(at[0].ndcg.mean == Approx(((second + third) / three + fourth) / 2));
  CHECK(at[1].k == 2);
  CHECK(at[1].precision.mean == Approx(0.25));
  CHECK(at[1].recall.mean == Approx(1.0 / 6));
  CHECK(at[1].hit_rate.mean == 0.5);
  CHECK(at[1].ndcg.mean == Approx(second / (1 + second) / 2));
  CHECK(at[1].ndcg.interval.high == 0);
}

TEST_CASE("F1, reciprocal rank and PSP at a cut-off", "[unit]") {
  RowScores scores({4, 2});
  Predictions predictions;
  predictions.k = 4;
  predictions.labels = {5, 1, 2, kNoLabel, 9, 8, 7, 6, 0, 1, 2, 3};
  const std::vector<std::uint64_t> offsets = {0, 3, 4, 4};
  const std::vector<std::uint32_t> labels = {1, 2, 3, 6};
  // Label 6 is beyond those that are known.
  const std::vector<float> propensity = {0.5f, 0.5f, 0.25f, 0.125f};
  scores.add(predictions, {offsets, labels, {}}, {propensity, 3.0});
  const auto at = scores.metrics(false);
  REQUIRE(at.size() == 2);
  CHECK(at[0].f1.mean == Approx((2 * 2.0 / (4 + 3) + 2 * 1.0 / (4 + 1)) / 2));
  CHECK(at[0].mrr.mean == Approx((1.0 / 2 + 1.0 / 4) / 2));
  CHECK(at[0].psp.mean == Approx((2 + 4 + 3.0) / (8 + 4 + 2 + 3.0)));
  CHECK(at[1].f1.mean == Approx(2 * 1.0 / (2 + 3) / 2));
  CHECK(at[1].mrr.mean == Approx(1.0 / 2 / 2));
  CHECK(at[1].psp.mean == Approx(2.0 / (8 + 4 + 3.0)));
}

TEST_CASE("PSP has an interval, and is nothing without propensities", "[unit]") {
  const std::vector<float> propensity(20, 0.5f);
  Predictions predictions;
  predictions.k = 1;
  std::vector<std::uint64_t> offsets = {0};
  const auto ranks = drawn_ranks(4000, 0.3);
  for (const std::uint32_t rank : ranks) {
    predictions.labels.push_back(rank == 0 ? 0 : 1);
    offsets.push_back(offsets.size());
  }
  const std::vector<std::uint32_t> labels(ranks.size(), 0);
  RowScores weighed({1}), plain({1});
  weighed.add(predictions, {offsets, labels, {}}, {propensity, 1.0});
  plain.add(predictions, {offsets, labels, {}});
  // All labels weigh the same: PSP@1 is P@1.
  const CutoffMetrics at = weighed.metrics(true)[0];
  CHECK(at.psp.mean == Approx(at.precision.mean));
  CHECK(at.psp.interval.low == Approx(at.precision.interval.low));
  CHECK(at.psp.interval.high == Approx(at.precision.interval.high));
  CHECK(plain.metrics(true)[0].psp.interval.high == 0);
}

TEST_CASE("with one label a sample, recall is the hit rate, and P its k-th part", "[unit]") {
  for (const CutoffMetrics& at : of_ranks({0, 1, 4, 9, 3, 12}, 20, {1, 5, 20}, false)) {
    CHECK(at.recall.mean == Approx(at.hit_rate.mean));
    CHECK(at.precision.mean == Approx(at.hit_rate.mean / at.k));
  }
  CHECK(of_ranks({0, 1, 4, 9, 3, 12}, 20, {5}, false)[0].hit_rate.mean == Approx(4.0 / 6));
}

TEST_CASE("no samples, no cut-offs", "[unit]") {
  CHECK(of_ranks({}, 5, {1}, true)[0].precision.mean == 0);
  CHECK(of_ranks({}, 5, {1}, true)[0].precision.interval.high == 0);
  CHECK(of_ranks({1, 2}, 5, {}, true).empty());
  // Of two samples none is drawn now and then; such a draw does not count.
  CHECK(of_ranks({0, 0}, 5, {1}, true)[0].precision.interval.low == 1);
}

TEST_CASE("an interval is as wide as the normal distribution says", "[property]") {
  for (const auto& [samples, share] : {std::pair{4000, 0.3}, {1000, 0.05}, {20'000, 0.5}}) {
    const auto at = of_ranks(drawn_ranks(static_cast<std::size_t>(samples), share), 10, {1, 10}, true);
    const Measure& precision = at[0].precision;
    const double error = std::sqrt(precision.mean * (1 - precision.mean) / samples);
    CHECK(precision.interval.low == Approx(precision.mean - 1.96 * error).margin(0.25 * error));
    CHECK(precision.interval.high == Approx(precision.mean + 1.96 * error).margin(0.25 * error));
    // All samples have their label among the 10: nothing to be unsure of.
    CHECK(at[1].hit_rate.interval.low == 1);
    CHECK(at[1].hit_rate.interval.high == 1);
  }
}

TEST_CASE("intervals do not depend on threads, nor on pieces", "[unit]") {
  const auto ranks = drawn_ranks(3001, 0.4);
  const auto many = of_ranks(ranks, 10, {1, 10}, true);
  const oneapi::tbb::global_control one(oneapi::tbb::global_control::max_allowed_parallelism, 1);
  const auto single = of_ranks(ranks, 10, {1, 10}, true);
  CHECK(many[0].precision.interval.low == single[0].precision.interval.low);
  CHECK(many[1].ndcg.interval.high == single[1].ndcg.interval.high);
  CHECK(single[1].ndcg.interval.low < single[1].ndcg.mean);
}

}  // namespace glissade
