// What comes after the paths: labels that go together, and the small network that ranks candidates by all features.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/ranking/co_labels.h"
#include "engine/ranking/ranker.h"
#include "hashing/seeds.h"
#include "tests/engine/data.h"
#include "tests/engine/threads.h"

namespace glissade::test {
namespace {

float& at(CandidateFeatures& features, CandidateFeature which) { return features[which]; }

Data labels_only(const std::vector<std::vector<std::uint32_t>>& samples, std::uint32_t labels) {
  Data data{1, labels, {}, {}};
  for (const auto& sample : samples) {
    data.x.add(std::vector<std::uint32_t>{0}, std::vector<float>{1.f});
    data.y.add(sample);
  }
  return data;
}

/// Samples whose label no weighting of the features finds: the candidate whose first term is nearest 0.
RankingExamples nearest_to_zero(std::size_t samples, std::uint64_t seed) {
  RankingExamples examples;
  hashing::Random random(seed);
  for (std::size_t i = 0; i < samples; ++i) {
    std::vector<CandidateFeatures> candidates(8, CandidateFeatures{});
    std::vector<float> targets(8, 0.f);
    std::size_t label = 0;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      candidates[c][0] = static_cast<float>(4 * random.unit() - 2);
      if (std::abs(candidates[c][0]) < std::abs(candidates[label][0])) label = c;
    }
    targets[label] = 1;
    examples.add(candidates, std::vector<std::uint32_t>(8), targets);
  }
  return examples;
}

template <class Score>
double precision(const RankingExamples& examples, const Score& score) {
  std::size_t hits = 0, begin = 0;
  for (const std::size_t end : examples.ends) {
    std::size_t best = begin;
    for (std::size_t c = begin; c < end; ++c) {
      if (score(c) > score(best)) best = c;
    }
    hits += examples.targets[best] > 0;
    begin = end;
  }
  return static_cast<double>(hits) / static_cast<double>(examples.ends.size());
}

}  // namespace

TEST_CASE("co-labels: the most frequent companions, as shares of the label's samples", "[unit]") {
  const Data data = labels_only({{0, 1}, {0, 1, 2}, {0, 3}, {0}, {2, 3}}, 5);
  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  const SparseMatrix rows = co_labels(data.view(), all, 2);
  REQUIRE(rows.rows() == 5);
  const auto of = [&](std::size_t label) {
    std::vector<std::pair<std::uint32_t, float>> out;
    for (std::uint64_t j = rows.offsets[label]; j < rows.offsets[label + 1]; ++j) {
      out.emplace_back(rows.ids[j], __builtin_bit_cast(float, static_cast<std::uint32_t>(rows.values[j]) << 16));
    }
    return out;
  };
  CHECK((of(0) == std::vector<std::pair<std::uint32_t, float>>{{1, 0.5f}, {2, 0.25f}}));  // 3 as often as 2: the lower one
  CHECK((of(1) == std::vector<std::pair<std::uint32_t, float>>{{0, 1.f}, {2, 0.5f}}));
  CHECK(of(4).empty());
  const std::vector<std::uint32_t> some = {3, 4};
  CHECK(co_labels(data.view(), some, 2).entries() == 2);  // 2 with 3, and back
}

TEST_CASE("co-labels: likely candidates speak for those that go with them", "[unit]") {
  const Data data = labels_only({{0, 1}, {0, 1}, {2, 3}}, 4);
  std::vector<std::uint32_t> all(data.size());
  std::iota(all.begin(), all.end(), 0u);
  const SparseMatrix rows = co_labels(data.view(), all, 4);
  LinearRanker linear = LinearRanker::start();  // the first feature alone
  const std::vector<std::uint32_t> labels = {3, 0, 1};
  std::vector<CandidateFeatures> features(3, CandidateFeatures{});
  at(features[0], CandidateFeature::hidden) = std::log(0.1f);
  at(features[1], CandidateFeature::hidden) = std::log(0.7f);
  at(features[2], CandidateFeature::hidden) = std::log(0.2f);
  CoLabelFeatures filler(4);
  filler.fill(CoLabelRows(rows), linear, labels, features);
  CHECK(at(features[0], CandidateFeature::co_labels) == Approx(0).margin(1e-6));  // 2, which goes with it, is no candidate
  CHECK(at(features[1], CandidateFeature::co_labels) == Approx(0.2).epsilon(1e-3));
  CHECK(at(features[2], CandidateFeature::co_labels) == Approx(0.7).epsilon(1e-3));
  CHECK(at(features[2], CandidateFeature::log_co_labels) == Approx(std::log(0.701)).epsilon(1e-3));
}

TEST_CASE("a ranker learns what a linear cannot say, the same with any number of threads", "[unit]") {
  const RankingExamples examples = nearest_to_zero(3000, 1), others = nearest_to_zero(1000, 2);
  const LinearRanker linear = LinearRanker::fit(examples);
  const Ranker ranker = Ranker::fit(examples, linear, 7);
  REQUIRE(ranker.weights.size() == Ranker::kSizeWithoutNames);
  std::vector<float> scores(others.features.size());
  RankPass pass;
  ranker.score(others.features, pass, scores.data());
  const double linearly = precision(others, [&](std::size_t c) { return linear.score(others.features[c]); });
  const double ranked = precision(others, [&](std::size_t c) { return scores[c]; });
  CAPTURE(linearly, ranked);
  CHECK(linearly < 0.3);
  CHECK(ranked > 0.75);
  for (const int threads : kThreadCounts) {
    CAPTURE(threads);
    const Ranker again = with_threads(threads, [&] { return Ranker::fit(examples, linear, 7); });
    CHECK(std::equal(again.weights.data(), again.weights.data() + Ranker::kSizeWithoutNames, ranker.weights.data()));
  }
}

TEST_CASE("a ranker's steps do not depend on the unit of its loss", "[unit]") {
  const RankingExamples examples = nearest_to_zero(200, 9);
  RankingExamples louder = examples;
  for (float& target : louder.targets) target *= 16;
  const Ranker a = Ranker::fit(examples, LinearRanker::start(), 7), b = Ranker::fit(louder, LinearRanker::start(), 7);
  for (std::size_t i = 0; i < a.weights.size(); ++i) {
    INFO(i);
    CHECK(b.weights[i] == Approx(a.weights[i]).margin(0.01));
  }
}

TEST_CASE("a rank net's gradient is that of its scores", "[unit]") {
  hashing::Random random(5);
  const auto draw = [&] { return static_cast<float>(random.unit() - 0.5); };
  RankNet net;
  std::ranges::generate(net.all, draw);
  constexpr std::size_t kCount = 45;  // a block and a part of one
  std::vector<CandidateFeatures> features(kCount);
  std::vector<float> by_score(kCount);
  for (CandidateFeatures& t : features) std::ranges::generate(t, draw);
  std::ranges::generate(by_score, draw);
  RankPass pass;
  const auto weighed = [&] {
    pass.begin(kCount);
    for (std::size_t c = 0; c < kCount; ++c) std::ranges::copy(features[c], pass.features(c));
    const auto z = pass.forward_for_training(net);
    return std::inner_product(z.begin(), z.end(), by_score.begin(), 0.0);
  };
  weighed();
  RankNet gradient;
  pass.backward(net, by_score, gradient);
  for (std::size_t i = 0; i < RankNet::kSize; i += 7) {
    const float before = net.all[i], step = 4e-3f;  // f has a kink in its slope at 0: a wide step leaves 1 %
    net.all[i] = before + step;
    const double above = weighed();
    net.all[i] = before - step;
    const double below = weighed();
    net.all[i] = before;
    CAPTURE(i);
    CHECK(gradient.all[i] == Approx((above - below) / (2 * step)).epsilon(1e-2).margin(2e-4));
  }
}

TEST_CASE("a ranker of examples without a single label is the linear ranker's order", "[unit]") {
  RankingExamples examples = nearest_to_zero(50, 3);
  std::ranges::fill(examples.targets, 0.f);
  LinearRanker linear = LinearRanker::start();
  const Ranker ranker = Ranker::fit(examples, linear, 7);
  std::vector<float> scores(examples.features.size());
  RankPass pass;
  ranker.score(examples.features, pass, scores.data());
  for (std::size_t c = 1; c < 8; ++c) {
    CHECK((scores[c] > scores[0]) == (linear.score(examples.features[c]) > linear.score(examples.features[0])));
  }
}

TEST_CASE("a ranker goes on from another one: a few examples keep what many have said", "[unit]") {
  const RankingExamples many = nearest_to_zero(3000, 1), few = nearest_to_zero(40, 4), others = nearest_to_zero(1000, 2);
  RankingExamples none = few;
  std::ranges::fill(none.targets, 0.f);
  const LinearRanker linear = LinearRanker::fit(few);
  const Ranker before = Ranker::fit(many, LinearRanker::fit(many), 7);
  const auto found = [&](const Ranker& ranker) {
    std::vector<float> scores(others.features.size());
    RankPass pass;
    ranker.score(others.features, pass, scores.data());
    return precision(others, [&](std::size_t c) { return scores[c]; });
  };
  const Ranker same = Ranker::fit(none, linear, 7, WorkMonitor::silent(), before);
  REQUIRE(same.weights.size() == before.weights.size());
  CHECK(std::equal(same.weights.data(), same.weights.data() + same.weights.size(), before.weights.data()));
  const Ranker after = Ranker::fit(few, linear, 7, WorkMonitor::silent(), before);
  CHECK_FALSE(std::equal(after.weights.data(), after.weights.data() + after.weights.size(), before.weights.data()));
  CAPTURE(found(before), found(after), found(Ranker::fit(few, linear, 7)));
  CHECK(found(after) > 0.7);
  CHECK(found(after) > found(Ranker::fit(few, linear, 7)) + 0.1);
}

}  // namespace glissade::test
