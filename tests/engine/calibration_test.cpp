// What probabilities are worth: the fit of a calibration, its place in models, the error that is left, F1 at its threshold.
#include "engine/ranking/calibration.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <glissade/calibration.h>

#include "engine/evaluation/f1_sums.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// Three candidates a sample, each right by chance as `probability` has it of its score among the three.
template <class Probability>
CalibrationExamples examples_of(std::size_t samples, const Probability& probability) {
  hashing::Random random(5);
  CalibrationExamples examples;
  for (std::size_t i = 0; i < samples; ++i) {
    std::array<float, 3> scores{}, targets{};
    for (float& score : scores) score = static_cast<float>(6 * random.unit() - 3);
    const CandidateShares shares = CandidateShares::of(scores);
    std::size_t labels = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      targets[c] = random.unit() < probability(scores[c], shares) ? 1.f : 0.f;
      labels += targets[c] != 0 ? 1 : 0;
    }
    examples.add(scores, targets, labels);
  }
  return examples;
}

Calibration made_of(std::initializer_list<float> numbers) {
  Calibration calibration;
  calibration.numbers = Array<float>(numbers.size());
  std::ranges::copy(numbers, calibration.numbers.data());
  return calibration;
}

Config config_with_paths() {
  Config config = small_config();
  config.training.epochs = 2;
  config.candidates.neighbours = 20;
  config.sparse_rows.fan_in = 24;
  config.sparse_rows.epochs = 1;
  return config;
}

/// Trained on enough rows for a calibration, of one or two labels each.
const Model& calibrated_model() {
  static const Model model = [] {
    const Data data = planted_data(5000, 200, 60, 3);
    Model made = make_model(config_with_paths(), data);
    train(made, data, 2);
    return made;
  }();
  return model;
}

}  // namespace

TEST_CASE("a probability is the logistic function of the terms", "[unit]") {
  const std::vector<float> scores = {1.f, 0.5f, -2.f};
  double sum = 0, entropy = 0, squares = 0;
  for (const float score : scores) sum += std::exp(double{score});
  for (const float score : scores) {
    const double share = std::exp(double{score}) / sum;
    entropy -= share * std::log(share);
    squares += share * share;
  }
  const CandidateShares shares = CandidateShares::of(scores);
  CHECK(shares.log_sum == Approx(std::log(sum)));
  CHECK(shares.entropy == Approx(entropy));
  CHECK(shares.collision == Approx(-std::log(squares)));
  const Calibration calibration = made_of({1.1f, 0.4f, -0.7f, 0.3f, 0.9f, 0.5f});
  const double share = std::exp(0.5) / sum;
  CHECK(calibration.probability(0.5f, shares) ==
        Approx(logistic(1.1 * std::log(share) - 0.4 * std::log(1 - share) - 0.7 * entropy - 0.3 * std::log(squares) + 0.9)));
  CHECK(calibration.threshold() == 0.5f);
  const CandidateShares alone = CandidateShares::of(std::array{3.f});
  CHECK(std::isfinite(calibration.probability(3.f, alone)));
  CHECK(calibration.probability(-1e30f, shares) == 0);
}

TEST_CASE("examples are a sample's best candidates", "[unit]") {
  CalibrationExamples examples;
  std::vector<float> scores(30), targets(30);
  for (std::size_t i = 0; i < 30; ++i) scores[i] = static_cast<float>(i) / 10;
  targets[29] = 1, targets[3] = 1;
  examples.add(scores, targets, 3);
  examples.add({}, {}, 2);
  REQUIRE(examples.scores.size() == CalibrationExamples::kAnswers);
  REQUIRE(examples.shares.size() == CalibrationExamples::kAnswers);
  for (std::size_t i = 0; i < CalibrationExamples::kAnswers; ++i) {
    CHECK(examples.scores[i] == scores[29 - i]);
    CHECK(examples.shares[i].log_sum == CandidateShares::of(scores).log_sum);
    CHECK(examples.right[i] == (i == 0));
  }
  CHECK(examples.samples == 2);
  CHECK(examples.true_labels == 5);
}

TEST_CASE("a fit finds the probabilities that labels were drawn with", "[unit]") {
  const Calibration truth = made_of({1.2f, 0.6f, -0.8f, 0.f, 0.7f, 0.f});
  const auto drawn = [&](float score, const CandidateShares& shares) { return truth.probability(score, shares); };
  const Calibration fitted = Calibration::fit(examples_of(30000, drawn));
  REQUIRE_FALSE(fitted.empty());
  CHECK(fitted.defect().empty());
  double error = 0, identity = 0;
  const CalibrationExamples fresh = examples_of(500, drawn);
  for (std::size_t i = 0; i < fresh.scores.size(); ++i) {
    const double wanted = truth.probability(fresh.scores[i], fresh.shares[i]);
    error = std::max(error, std::abs(fitted.probability(fresh.scores[i], fresh.shares[i]) - wanted));
    identity = std::max(identity, std::abs(std::exp(double{fresh.scores[i] - fresh.shares[i].log_sum}) - wanted));
  }
  CHECK(error < 0.04);
  CHECK(identity > 0.1);
}

TEST_CASE("a surer share never makes a label less probable", "[unit]") {
  // The surest are the least often right: without a bound the second number would be below 0.
  const auto drawn = [](float score, const CandidateShares& shares) {
    const double share = std::exp(double{score} - double{shares.log_sum});
    return share > 0.9 ? 0.3 : share;
  };
  const Calibration fitted = Calibration::fit(examples_of(5000, drawn));
  REQUIRE_FALSE(fitted.empty());
  CHECK(fitted.numbers[0] > 0);
  CHECK(fitted.numbers[1] == 0);
}

TEST_CASE("the threshold has the best F1 on the examples", "[unit]") {
  CalibrationExamples examples = examples_of(
      300, [](float score, const CandidateShares& shares) { return std::exp(double{score} - double{shares.log_sum}); });
  examples.true_labels += 40;  // of which no candidate is one
  const Calibration fitted = Calibration::fit(examples);
  const auto f1_at = [&](float threshold) {
    double given = 0, right = 0;
    for (std::size_t i = 0; i < examples.scores.size(); ++i) {
      if (fitted.probability(examples.scores[i], examples.shares[i]) < threshold) continue;
      given += 1;
      right += examples.right[i] ? 1 : 0;
    }
    return 2 * right / (given + static_cast<double>(examples.true_labels));
  };
  double best = 0;
  for (std::size_t i = 0; i < examples.scores.size(); ++i)
    best = std::max(best, f1_at(fitted.probability(examples.scores[i], examples.shares[i])));
  CHECK(f1_at(fitted.threshold()) == Approx(best));
  CHECK(f1_at(fitted.threshold() + 0.2f) < best);
}

TEST_CASE("too few samples, or shares that say nothing good, give no calibration", "[unit]") {
  const auto share = [](float score, const CandidateShares& shares) { return std::exp(double{score} - double{shares.log_sum}); };
  CHECK(Calibration::fit(examples_of(99, share)).empty());
  CHECK_FALSE(Calibration::fit(examples_of(100, share)).empty());
  CHECK(Calibration::fit(examples_of(2000, [&](float score, const CandidateShares& s) { return 1 - share(score, s); })).empty());
  CHECK(Calibration::fit({}).empty());
}

TEST_CASE("where all answers are right, or none, numbers stay finite", "[unit]") {
  for (const double chance : {0.0, 1.0}) {
    const Calibration fitted = Calibration::fit(examples_of(200, [&](float, const CandidateShares&) { return chance; }));
    for (std::size_t i = 0; i < fitted.numbers.size(); ++i) CHECK(std::isfinite(fitted.numbers[i]));
    CHECK(fitted.defect().empty());
  }
}

TEST_CASE("a model with enough rows is calibrated, and says the same once it is loaded", "[unit]") {
  const Model& model = calibrated_model();
  REQUIRE(has_calibration(model));
  REQUIRE(best_threshold(model));
  CHECK(*best_threshold(model) > 0);
  CHECK(*best_threshold(model) < 1);
  const Data test = planted_data(200, 200, 60, 4);
  const PredictOptions probable{.k = 30, .probabilities = true};
  const Predictions found = must(model.predict(test.x.view(), probable));
  const Predictions scores = must(model.predict(test.x.view(), {.k = 30}));
  CHECK(found.labels == scores.labels);
  for (std::size_t i = 0; i < found.scores.size(); ++i) {
    REQUIRE((found.scores[i] >= 0 && found.scores[i] <= 1));
    if (i % 30 != 0) REQUIRE(found.scores[i] <= found.scores[i - 1]);
  }
  const Predictions shares = must(predict_uncalibrated(model, test.x.view(), probable));
  CHECK(shares.labels == found.labels);
  CHECK(shares.scores != found.scores);
  const TemporaryFolder folder;
  for (const bool slim : {false, true}) {
    must(model.save(folder.file("m.glsd"), !slim));
    const Model loaded = must(Model::load(folder.file("m.glsd")));
    CHECK(best_threshold(loaded) == best_threshold(model));
    CHECK(must(loaded.predict(test.x.view(), probable)).scores == found.scores);
  }
}

TEST_CASE("calibration brings probabilities near to how often labels apply", "[unit]") {
  const Data test = planted_data(3000, 200, 60, 4);
  const CalibrationReport report = must(evaluate_calibration(calibrated_model(), test.view()));
  CHECK(report.samples == 3000);
  CHECK(report.uncalibrated_error > 0.05);
  CHECK(report.error < 0.02);
  CHECK(report.threshold == best_threshold(calibrated_model()));
  CHECK(report.f1_at_threshold.micro > report.f1_of_best.micro + 0.1);
}

TEST_CASE("the report is what predictions and labels make it", "[unit]") {
  Data test = planted_data(40, 200, 60, 4);
  test.x.add(std::array{1u, 2u}, std::array{1.f, 1.f});
  test.y.add({});
  const Model& model = calibrated_model();
  const CalibrationReport report = must(evaluate_calibration(model, test.view()));
  CHECK(report.samples == 40);
  const Predictions found = must(model.predict(test.x.view(), {.k = 60, .probabilities = true}));
  std::vector<std::pair<float, bool>> answers;
  F1Sums best(60), likely(60);
  for (std::size_t row = 0; row < 40; ++row) {
    const auto wanted = test.y.view().row_ids(row);
    std::vector<std::uint32_t> given, above;
    for (std::size_t i = 0; i < 60; ++i) {
      const std::uint32_t label = found.labels[row * 60 + i];
      const float p = found.scores[row * 60 + i];
      if (i < 5) answers.emplace_back(p, std::ranges::count(wanted, label) == 1), given.push_back(label);
      if (p >= *best_threshold(model)) above.push_back(label);
    }
    best.add(given, wanted);
    likely.add(above, wanted);
  }
  CHECK(report.error == Approx(expected_calibration_error(answers)));
  CHECK(report.f1_of_best.macro == Approx(best.f1().macro));
  CHECK(report.f1_at_threshold.sample == Approx(likely.f1().sample));
  CHECK(report.f1_at_threshold.micro == Approx(likely.f1().micro));
}

TEST_CASE("models without sparse paths, or of few rows, have no calibration", "[unit]") {
  const Data data = planted_data(5000, 200, 60, 3), few = planted_data(1000, 200, 60, 3);
  Config plain = small_config();
  Model hidden = make_model(plain, data), small = make_model(config_with_paths(), few);
  train(hidden, data, 1);
  train(small, few, 2);
  const PredictOptions probable{.k = 5, .probabilities = true};
  for (const Model* model : {&hidden, &small}) {
    CHECK_FALSE(has_calibration(*model));
    CHECK_FALSE(best_threshold(*model));
    CHECK(must(model->predict(few.x.view(), probable)).scores ==
          must(predict_uncalibrated(*model, few.x.view(), probable)).scores);
    const CalibrationReport report = must(evaluate_calibration(*model, few.view()));
    CHECK_FALSE(report.threshold);
    CHECK(report.error == report.uncalibrated_error);
    CHECK(report.f1_at_threshold.micro == 0);
  }
}

TEST_CASE("a calibration that is none is refused", "[unit]") {
  CHECK(Calibration().defect().empty());
  CHECK(made_of({1, 0, 0, 0, 0, 0.5f}).defect().empty());
  const float infinite = std::numeric_limits<float>::infinity(), none = std::numeric_limits<float>::quiet_NaN();
  for (const auto& numbers :
       {made_of({1, 0, 0, 0, 0.5f}), made_of({1, 0, 0, 0, 0, 0.5f, 0}), made_of({0, 0, 0, 0, 0, 0.5f}),
        made_of({-1, 0, 0, 0, 0, 0.5f}), made_of({1, -0.1f, 0, 0, 0, 0.5f}), made_of({infinite, 0, 0, 0, 0, 0.5f}),
        made_of({1, 0, none, 0, 0, 0.5f}), made_of({1, 0, 0, 0, 0, -0.1f}), made_of({1, 0, 0, 0, 0, 1.1f})})
    CHECK(numbers.defect() == "its calibration is none");
}

TEST_CASE("the expected calibration error is the mean distance of bins", "[unit]") {
  CHECK(expected_calibration_error({}) == 0);
  // 15 bins of two answers: in each .6 where one of two is right.
  std::vector<std::pair<float, bool>> answers;
  for (int i = 0; i < 30; ++i) answers.emplace_back(0.6f, i % 2 == 0);
  CHECK(expected_calibration_error(answers) == Approx(0.1));
  // Bins on both sides of what is right do not cancel out.
  answers.clear();
  for (int i = 0; i < 300; ++i) answers.emplace_back(i < 140 ? 0.2f : 0.8f, i % 2 == 0);
  CHECK(expected_calibration_error(answers) == Approx(0.3));
}

TEST_CASE("F1 over all answers, over labels and over samples", "[unit]") {
  F1Sums sums(3);
  sums.add(std::array{0u, 1u}, std::array{0u});      // 2/3
  sums.add(std::array{1u}, std::array{0u, 1u, 7u});  // 2/4
  sums.add({}, std::array{0u});                      // 0
  const F1 f1 = sums.f1();
  CHECK(f1.micro == Approx(2 * 2.0 / (3 + 5)));
  CHECK(f1.sample == Approx((2.0 / 3 + 0.5 + 0) / 3));
  // Label 0: one right of one given and three true; 1: one of two given and one true; 2: neither; 7: true alone.
  CHECK(f1.macro == Approx((0.5 + 2.0 / 3 + 0) / 3));
  CHECK(F1Sums(3).f1().macro == 0);
}

}  // namespace glissade::test
