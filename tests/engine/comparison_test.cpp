// Answers that are there already, and two evaluations of the same samples.
#include <oneapi/tbb/global_control.h>
#include <catch2/catch.hpp>

#include <cmath>
#include <vector>

#include <glissade/metrics.h>

#include "hashing/seeds.h"

namespace glissade {
namespace {

/// Samples of one label each, 0; an answer is right or wrong.
struct OneLabel {
  explicit OneLabel(const std::vector<bool>& right) {
    for (const bool hit : right) {
      answers.push_back(hit ? 0 : 1);
      offsets.push_back(answers.size());
    }
    labels.assign(right.size(), 0);
  }
  Evaluation scored(bool keep = true, std::vector<std::uint32_t> cutoffs = {1, 2}) const {
    EvaluateOptions options;
    options.cutoffs = std::move(cutoffs);
    options.keep_rows = keep;
    auto evaluation = evaluate_answers({offsets, answers, {}}, {offsets, labels, {}}, {2, counts, 10, {}}, options);
    REQUIRE(evaluation.ok());
    return *evaluation;
  }
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> answers, labels;
  std::vector<std::uint32_t> counts = {3, 4};
};

std::vector<bool> coins(std::size_t rows, double share, std::uint64_t seed) {
  hashing::Random random(seed);
  std::vector<bool> out;
  for (std::size_t row = 0; row < rows; ++row) out.push_back(random.unit() < share);
  return out;
}

}  // namespace

TEST_CASE("answers of any length are scored as predictions are", "[unit]") {
  const std::vector<std::uint64_t> offsets = {0, 3, 3, 4}, label_offsets = {0, 2, 3, 3};
  const std::vector<std::uint32_t> answers = {4, 0, 2, 1}, labels = {0, 2, 1};
  EvaluateOptions options;
  options.cutoffs = {1, 2, 3};
  options.by_frequency = true;
  const std::vector<std::uint32_t> counts = {1, 1, 4, 0, 2};
  const auto scored = evaluate_answers({offsets, answers, {}}, {label_offsets, labels, {}}, {5, counts, 9, {}}, options);
  REQUIRE(scored.ok());
  CHECK(scored->metrics.samples == 3);
  CHECK(scored->metrics.unlabelled == 1);
  CHECK(scored->metrics.precision[0] == 0);
  CHECK(scored->metrics.precision[1] == Approx(2.0 / 3 / 2));
  CHECK(scored->at[1].precision.mean == Approx(1.0 / 2 / 2));
  CHECK(scored->at[2].recall.mean == Approx(0.5));
  CHECK(scored->at[2].coverage == Approx(3.0 / 5));
  CHECK(scored->at[2].psp.mean == Approx(scored->metrics.psp[1]));
  CHECK(scored->metrics.psp[1] > 0);
  CHECK(scored->by_frequency.size() == 4);
  // The first answer of a row that has none is no hit for label 0.
  CHECK(scored->at[0].hit_rate.mean == 0);
}

TEST_CASE("answers in pieces are all scored", "[unit]") {
  const auto right = coins(10'000, 0.3, 1);
  const Evaluation scored = OneLabel(right).scored();
  CHECK(scored.metrics.samples == 10'000);
  CHECK(scored.at[0].precision.mean == Approx(static_cast<double>(std::ranges::count(right, true)) / 10'000));
}

TEST_CASE("what answers cannot be scored on is refused", "[unit]") {
  const std::vector<std::uint64_t> two = {0, 1, 2}, one = {0, 1}, none = {0, 0};
  const std::vector<std::uint32_t> ids = {0, 1};
  const SparseRows answers{one, ids, {}};
  CHECK(evaluate_answers(answers, {two, ids, {}}, {}).error().message ==
        "there are answers to 1 rows, and labels of 2; each sample needs both");
  CHECK(evaluate_answers(answers, {none, ids, {}}, {}).error().message ==
        "none of the 1 rows has a label; evaluate on labelled data");
  EvaluateOptions deep;
  deep.cutoffs = {1001};
  CHECK(evaluate_answers(answers, {one, ids, {}}, {}, deep).error().message ==
        "the cut-off 1001 is out of range; allowed: 1 .. 1000");
}

TEST_CASE("a comparison has the differences of means, and which samples are better", "[unit]") {
  const Evaluation challenger = OneLabel({true, true, true, false, true}).scored();
  const Evaluation other = OneLabel({true, false, false, true, true}).scored();
  const auto compared = compare(challenger, other);
  REQUIRE(compared.ok());
  REQUIRE(compared->at.size() == 2);
  CHECK(compared->at[0].precision.mean == Approx(0.2));
  CHECK(compared->at[1].precision.mean == Approx(0.1));
  CHECK(compared->at[0].recall.mean == Approx(0.2));
  CHECK(compared->at[1].f1.mean == Approx(2.0 / 3 / 5));
  CHECK(compared->at[0].psp.mean == Approx(challenger.at[0].psp.mean - other.at[0].psp.mean));
  CHECK(compared->at[0].coverage == 0);
  CHECK(compared->samples == 5);
  CHECK(compared->better == 2);
  CHECK(compared->worse == 1);
  CHECK(compared->has_few_samples());
  const auto turned = compare(other, challenger);
  CHECK(turned->at[0].precision.mean == Approx(-0.2));
  CHECK(turned->at[0].precision.interval.low == -compared->at[0].precision.interval.high);
}

TEST_CASE("pairs make a comparison sharper than its parts", "[property]") {
  auto right = coins(4000, 0.5, 2);
  const Evaluation other = OneLabel(right).scored();
  const auto flips = coins(4000, 0.03, 3);
  double mean = 0, squares = 0;
  for (std::size_t row = 0; row < right.size(); ++row) {
    if (!flips[row]) continue;
    mean += right[row] ? -1 : 1;
    squares += 1;
    right[row] = !right[row];
  }
  mean /= 4000;
  const double error = std::sqrt((squares / 4000 - mean * mean) / 4000);
  const auto compared = compare(OneLabel(right).scored(), other);
  REQUIRE(compared.ok());
  const Measure& gain = compared->at[0].precision;
  CHECK(gain.mean == Approx(mean));
  CHECK(gain.interval.low == Approx(mean - 1.96 * error).margin(0.25 * error));
  CHECK(gain.interval.high == Approx(mean + 1.96 * error).margin(0.25 * error));
  CHECK_FALSE(compared->has_few_samples());
}

TEST_CASE("no difference is called real more often than one time in twenty, about", "[property]") {
  std::size_t real = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto compared = compare(OneLabel(coins(500, 0.4, 2 * seed + 10)).scored(true, {1}),
                                  OneLabel(coins(500, 0.4, 2 * seed + 11)).scored(true, {1}));
    const Measure::Interval& interval = compared->at[0].precision.interval;
    real += interval.low > 0 || interval.high < 0 ? 1 : 0;
  }
  CHECK(real <= 12);
}

TEST_CASE("a comparison does not depend on threads", "[unit]") {
  const Evaluation one = OneLabel(coins(3001, 0.4, 5)).scored(), two = OneLabel(coins(3001, 0.5, 6)).scored();
  const auto many = compare(one, two);
  const oneapi::tbb::global_control single(oneapi::tbb::global_control::max_allowed_parallelism, 1);
  const auto alone = compare(one, two);
  CHECK(many->at[1].ndcg.interval.low == alone->at[1].ndcg.interval.low);
  CHECK(many->at[0].psp.interval.high == alone->at[0].psp.interval.high);
}

TEST_CASE("what cannot be compared is refused", "[unit]") {
  const Evaluation kept = OneLabel({true, false}).scored();
  CHECK(compare(kept, OneLabel({true, false}).scored(false)).error().message ==
        "an evaluation to compare keeps its rows; set EvaluateOptions::keep_rows");
  CHECK(compare(kept, OneLabel({true, false}).scored(true, {1})).error().message ==
        "the evaluations to compare have different cut-offs, or none; evaluate both at the same ones");
  CHECK(compare(kept, OneLabel({true}).scored()).error().message ==
        "the evaluations to compare have 2 and 1 labelled samples; evaluate both on the same ones");
}

}  // namespace glissade
