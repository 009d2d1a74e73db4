// Reasons for answers: shares that add up to the score, features by what the answer is without them, training rows that are
// alike.
#include <glissade/explain.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/explanation/speaker_shares.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kReasonLabels = 60, kReasonFeatures = 60;

enum class Parts { hidden, rows, neighbours, all };

struct Explained {
  LossKind loss;
  Parts parts;
  bool exclude_input = false;
};

const std::vector<Explained>& explained_cases() {
  using enum LossKind;
  static const std::vector<Explained> all = {{softmax, Parts::hidden},   {bce, Parts::hidden}, {softmax, Parts::rows},
                                             {bce, Parts::neighbours},   {bce, Parts::all},    {decoupled, Parts::all},
                                             {softmax, Parts::all, true}};
  return all;
}

Model model_of(const Explained& c, const Data& data, std::uint32_t neighbours = 3) {
  Config config = small_config();
  config.network.loss = c.loss;
  config.training.epochs = 2;
  config.candidates.exclude_input = c.exclude_input;
  if (c.parts == Parts::rows || c.parts == Parts::all) config.sparse_rows.fan_in = 24, config.sparse_rows.epochs = 1;
  if (c.parts == Parts::neighbours || c.parts == Parts::all) config.candidates.neighbours = neighbours;
  if (c.parts == Parts::all) config.candidates.co_labels = 4;
  Model model = make_model(config, data);
  train(model, data, 2);
  return model;
}

SparseRows row_of(const Data& data, std::size_t row) {
  return {data.x.view().offsets.subspan(row, 2), data.x.view().ids, data.x.view().values};
}

/// The row without one feature, alone in its memory.
Rows row_without(const Data& data, std::size_t row, std::uint32_t feature) {
  Rows rows;
  std::vector<std::uint32_t> ids;
  std::vector<float> values;
  for (std::size_t j = 0; j < data.x.view().row_ids(row).size(); ++j) {
    if (data.x.view().row_ids(row)[j] == feature) continue;
    ids.push_back(data.x.view().row_ids(row)[j]);
    values.push_back(data.x.view().row_values(row)[j]);
  }
  rows.add(ids, values);
  return rows;
}

float score_in(const Predictions& predictions, std::uint32_t label) {
  const auto place = static_cast<std::size_t>(std::ranges::find(predictions.labels, label) - predictions.labels.begin());
  REQUIRE(place < predictions.labels.size());
  return predictions.scores[place];
}

double sum_of(const LabelReasons& reason) {
  return reason.base + std::accumulate(reason.shares.begin(), reason.shares.end(), 0.0);
}

/// Label l has feature l and two of 40 others that say nothing.
Data named_by_feature(std::size_t samples) {
  hashing::Random random(3);
  Data data{kReasonFeatures, 20, {}, {}};
  for (std::size_t row = 0; row < samples; ++row) {
    const auto label = static_cast<std::uint32_t>(random.below(20));
    const auto a = static_cast<std::uint32_t>(20 + random.below(20)), b = static_cast<std::uint32_t>(40 + random.below(20));
    data.x.add(std::array{label, a, b}, std::array{1.f, 1.f, 1.f});
    data.y.add(std::array{label});
  }
  return data;
}

}  // namespace

TEST_CASE("reasons are of predict's answers, and shares add up to the score in every configuration", "[unit][levels]") {
  const Data data = planted_data(400, kReasonFeatures, kReasonLabels, 3),
             test = planted_data(12, kReasonFeatures, kReasonLabels, 4);
  for (const Explained& c : explained_cases()) {
    CAPTURE(static_cast<int>(c.loss), static_cast<int>(c.parts), c.exclude_input);
    const Model model = model_of(c, data);
    for (std::size_t row = 0; row < test.size(); ++row) {
      const auto reasons = must(explain(model, row_of(test, row), {.k = 30}));
      const Predictions scores = must(model.predict(row_of(test, row), {.k = 30}));
      const Predictions probabilities = must(model.predict(row_of(test, row), {.k = 30, .probabilities = true}));
      const auto answered =
          static_cast<std::size_t>(std::ranges::find(scores.labels, Predictions::kNoLabel) - scores.labels.begin());
      REQUIRE(reasons.size() == answered);
      for (std::size_t i = 0; i < reasons.size(); ++i) {
        REQUIRE(reasons[i].label == scores.labels[i]);
        REQUIRE(reasons[i].score == scores.scores[i]);
        REQUIRE(reasons[i].probability == probabilities.scores[i]);
        CHECK(sum_of(reasons[i]) == Approx(reasons[i].score).epsilon(1e-5).margin(1e-5));
        if (c.parts == Parts::hidden) CHECK(reasons[i].shares[0] != 0);
      }
      if (c.parts == Parts::all) CHECK(std::ranges::count(reasons[0].shares, 0.f) == 1);  // there are no names
    }
  }
}

TEST_CASE("what a feature does for a label is the difference that it makes to predict's score", "[unit]") {
  const Data data = planted_data(400, kReasonFeatures, kReasonLabels, 3),
             test = planted_data(6, kReasonFeatures, kReasonLabels, 4);
  for (const Explained& c : explained_cases()) {
    CAPTURE(static_cast<int>(c.loss), static_cast<int>(c.parts), c.exclude_input);
    const Model model = model_of(c, data);
    for (std::size_t row = 0; row < test.size(); ++row) {
      const auto reasons = must(explain(model, row_of(test, row), {.k = 8}));
      for (const LabelReasons& reason : reasons) {
        REQUIRE(reason.features.size() == test.x.view().row_ids(row).size());
        for (const LabelReasons::Feature& feature : reason.features) {
          const Rows without = row_without(test, row, feature.feature);
          const float after = score_in(must(model.predict(without.view(), {.k = kReasonLabels})), reason.label);
          CHECK(feature.by_score == Approx(reason.score - after).margin(2e-4));
        }
        CHECK(std::ranges::is_sorted(reason.features, {}, [](const LabelReasons::Feature& one) {
          return std::pair(!one.speaks_for() + one.speaks_against(), -one.by);
        }));
      }
    }
  }
}

TEST_CASE("shares of probability follow the softmax of a hidden layer alone", "[unit]") {
  const Data data = planted_data(400, kReasonFeatures, kReasonLabels, 3),
             test = planted_data(4, kReasonFeatures, kReasonLabels, 4);
  const Model model = model_of({LossKind::softmax, Parts::hidden}, data);
  const PredictOptions all{.k = kReasonLabels, .probabilities = true};
  for (std::size_t row = 0; row < test.size(); ++row) {
    const LabelReasons first = must(explain(model, row_of(test, row), {.k = 1}))[0];
    for (const LabelReasons::Feature& feature : first.features) {
      const float without = score_in(must(model.predict(row_without(test, row, feature.feature).view(), all)), first.label);
      CHECK(feature.by == Approx(std::log(first.probability) - std::log(without)).margin(1e-4));
    }
  }
}

TEST_CASE("the feature that makes a label is named first, and training rows with both are named", "[unit]") {
  const Data data = named_by_feature(1500);
  for (const Parts parts : {Parts::hidden, Parts::rows, Parts::neighbours, Parts::all}) {
    CAPTURE(static_cast<int>(parts));
    const Model model = model_of({LossKind::softmax, parts}, data, 60);
    for (std::uint32_t label = 0; label < 20; ++label) {
      Rows row;
      row.add(std::array{label, 21u, 47u}, std::array{1.f, 1.f, 1.f});
      const LabelReasons reason = must(explain(model, row.view(), {.k = 1, .most_neighbours = 2}))[0];
      REQUIRE(reason.label == label);
      REQUIRE(reason.features[0].feature == label);
      CHECK(reason.features[0].speaks_for());
      if (parts == Parts::hidden || parts == Parts::rows) {
        CHECK(reason.neighbours.empty());
        continue;
      }
      REQUIRE(reason.neighbours.size() == 2);
      CHECK(reason.neighbours[0].likeness >= reason.neighbours[1].likeness);
      for (const LabelReasons::Neighbour& neighbour : reason.neighbours) {
        CHECK_FALSE(neighbour.is_name);
        CHECK(std::ranges::equal(neighbour.labels, data.y.view().row_ids(neighbour.row)));
        CHECK(neighbour.labels == std::vector<std::uint32_t>{label});
        CHECK(std::ranges::count(neighbour.shared, label) == 1);
        for (const std::uint32_t feature : neighbour.shared) {
          CHECK(std::ranges::count(data.x.view().row_ids(neighbour.row), feature) == 1);
          CHECK(std::ranges::count(row.ids, feature) == 1);
        }
      }
    }
  }
}

TEST_CASE("a neighbour that was made of a name says so", "[unit]") {
  Data data = named_by_feature(600);
  for (std::uint32_t label = 0; label < 20; ++label) {
    data.x.add(std::array{label}, std::array{1.f});
    data.y.add(std::array{label});
  }
  Config config = small_config();
  config.candidates.neighbours = 100;
  Model model = make_model(config, data);
  DatasetView view = data.view();
  view.added = 20;
  Trainer trainer = must(Trainer::create(model, data.size()));
  must(trainer.train_epoch(view));
  Rows row;
  row.add(std::array{7u}, std::array{1.f});
  const auto neighbours = must(explain(model, row.view(), {.k = 1, .most_neighbours = 200}))[0].neighbours;
  REQUIRE(neighbours.size() > 1);
  CHECK(neighbours[0].is_name);
  CHECK(neighbours[0].row == 607);
  CHECK(neighbours[0].likeness == Approx(1).epsilon(0.01));
  CHECK_FALSE(neighbours[1].is_name);
}

TEST_CASE("a row without features has answers without words", "[unit]") {
  const Data data = planted_data(300, kReasonFeatures, kReasonLabels, 3);
  Rows empty;
  empty.add({});
  for (const Explained& c : explained_cases()) {
    const auto reasons = must(explain(model_of(c, data), empty.view(), {.k = 3}));
    REQUIRE(reasons.size() == 3);
    for (const LabelReasons& reason : reasons) {
      CHECK(reason.features.empty());
      CHECK(reason.neighbours.empty());
      CHECK(sum_of(reason) == Approx(reason.score).epsilon(1e-5).margin(1e-5));
    }
  }
}

TEST_CASE("shares are what speakers add on average over all orders", "[unit]") {
  RankedPaths paths;
  hashing::Random random(11);
  paths.ranker.weights = Array<float>(Ranker::kSize);
  for (std::size_t i = 0; i < Ranker::kSize; ++i) paths.ranker.weights[i] = static_cast<float>(random.unit() - 0.3);
  CandidateFeatures features;
  for (float& feature : features) feature = static_cast<float>(3 * random.unit() - 1);
  const std::array<std::vector<std::size_t>, kSpeakers> of = {
      {{0, 13}, {1, 2, 14}, {3, 4, 5, 6, 10, 11, 12}, {16, 17, 18}, {8, 9}, {7, 15}}};
  RankPass pass;
  const auto score = [&](const CandidateFeatures& one) {
    float out = 0;
    paths.score({&one, 1}, pass, &out);
    return double{out};
  };
  std::array<std::size_t, kSpeakers> order{};
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::array<double, kSpeakers> sums{};
  double orders = 0;
  do {
    CandidateFeatures now = paths.ranker.average();
    double before = score(now);
    for (const std::size_t speaker : order) {
      for (const std::size_t i : of[speaker]) now[i] = features[i];
      const double after = score(now);
      sums[speaker] += after - before;
      before = after;
    }
    ++orders;
  } while (std::ranges::next_permutation(order).found);
  const SpeakerShares shares = speaker_shares(paths, features, pass);
  for (std::size_t i = 0; i < kSpeakers; ++i) CHECK(shares.shares[i] == Approx(sums[i] / orders).margin(1e-4));
  CHECK(shares.base == Approx(score(paths.ranker.average())));
}

TEST_CASE("what cannot be explained is refused", "[unit]") {
  const Data data = planted_data(100, kReasonFeatures, kReasonLabels, 3);
  const Model model = model_of({LossKind::softmax, Parts::all}, data);
  const auto message = [](const auto& result) {
    REQUIRE_FALSE(result.ok());
    return result.error().message;
  };
  CHECK(message(explain(model, data.x.view())) == "explain wants one row, these are 100; call it for each");
  CHECK(message(explain(model, row_of(data, 0), {.search = Search::tables})) ==
        "rows cannot be explained by search tables; use exact, learned or automatic");
  CHECK(message(explain(model, row_of(data, 0), {.k = 0})) == "k = 0 is outside 1 .. 1000");
  Rows beyond;
  beyond.add(std::array{kReasonFeatures}, std::array{1.f});
  CHECK(message(explain(model, beyond.view())).find("60") != std::string::npos);
}

}  // namespace glissade::test
