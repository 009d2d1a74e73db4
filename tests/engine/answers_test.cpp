// What a prediction promises, in every configuration: k labels, an order that does not depend on k, probabilities with one
// meaning, and no trace in the model or in its training.

#include <catch2/catch.hpp>

#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include <glissade/metrics.h>

#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kAnswerLabels = 60;

enum class Paths { none, rows, neighbours, all };

struct Case {
  LossKind loss;
  Paths paths;
  bool exclude_input;
};

Config config_of(const Case& c) {
  Config config = small_config();
  config.network.loss = c.loss;
  config.training.epochs = 2;
  config.candidates.exclude_input = c.exclude_input;
  if (c.paths == Paths::rows || c.paths == Paths::all) config.sparse_rows.fan_in = 24, config.sparse_rows.epochs = 1;
  if (c.paths == Paths::neighbours || c.paths == Paths::all) config.candidates.neighbours = 3;
  if (c.paths == Paths::all) config.candidates.co_labels = 4;
  return config;
}

Model trained(const Config& config, const Data& data) {
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  return model;
}

/// As many features as labels; the last rows have no feature, unknown ones, and most of all.
Data data_of(std::size_t samples, std::uint64_t seed) {
  Data data = planted_data(samples, kAnswerLabels, kAnswerLabels, seed);
  data.x.add({});
  data.y.add(std::vector<std::uint32_t>{3});
  std::vector<std::uint32_t> many(kAnswerLabels - 7);
  for (std::uint32_t i = 0; i < many.size(); ++i) many[i] = i + 2;
  data.x.add(many, std::vector<float>(many.size(), 0.2f));
  data.y.add(std::vector<std::uint32_t>{1});
  return data;
}

std::size_t own(const Data& data, std::size_t row) { return data.x.view().row_ids(row).size(); }

const std::vector<Case>& cases() {
  using enum LossKind;
  static const std::vector<Case> all = {
      {softmax, Paths::none, false}, {decoupled, Paths::none, false}, {bce, Paths::none, false},
      {softmax, Paths::all, false},  {decoupled, Paths::all, false},  {bce, Paths::all, false},
      {softmax, Paths::rows, false}, {bce, Paths::rows, false},       {softmax, Paths::neighbours, false},
      {softmax, Paths::all, true},   {bce, Paths::all, true},         {decoupled, Paths::rows, true},
  };
  return all;
}

/// min(k, allowed) different labels, best first, equal scores by the lower label, and nothing behind.
void check_answers(const Predictions& found, const Data& data, const Case& c) {
  const bool excludes = c.exclude_input && c.paths != Paths::none;
  for (std::size_t row = 0; row < data.size(); ++row) {
    const std::size_t allowed = kAnswerLabels - (excludes ? own(data, row) : 0);
    const auto labels = std::span(found.labels).subspan(row * found.k, found.k);
    const auto scores = std::span(found.scores).subspan(row * found.k, found.k);
    std::set<std::uint32_t> seen;
    for (std::size_t i = 0; i < found.k; ++i) {
      CAPTURE(row, i, labels[i], scores[i]);
      if (i >= allowed) {
        REQUIRE(labels[i] == Predictions::kNoLabel);
        REQUIRE(scores[i] == -std::numeric_limits<float>::infinity());
        continue;
      }
      REQUIRE(labels[i] < kAnswerLabels);
      REQUIRE(std::isfinite(scores[i]));
      REQUIRE(seen.insert(labels[i]).second);
      if (excludes) REQUIRE(std::ranges::find(data.x.view().row_ids(row), labels[i]) == data.x.view().row_ids(row).end());
      if (i == 0) continue;
      REQUIRE(scores[i - 1] >= scores[i]);
      if (scores[i - 1] == scores[i]) REQUIRE(labels[i - 1] < labels[i]);
    }
  }
}

}  // namespace

TEST_CASE("k labels are k answers in every configuration, and the first ones do not depend on k", "[unit][levels]") {
  const Data data = data_of(400, 3), test = data_of(40, 4);
  for (const Case& c : cases()) {
    CAPTURE(static_cast<int>(c.loss), static_cast<int>(c.paths), c.exclude_input);
    const Model model = trained(config_of(c), data);
    const Predictions all = must(model.predict(test.x.view(), {.k = kAnswerLabels}));
    check_answers(all, test, c);
    CHECK(all.candidates == test.size() * kAnswerLabels);
    CHECK(all.fallbacks == 0);
    for (const std::uint32_t k : {1u, 5u, 16u, 17u, 40u, 61u, 100u}) {
      const Predictions found = must(model.predict(test.x.view(), {.k = k}));
      check_answers(found, test, c);
      for (std::size_t row = 0; row < test.size(); ++row) {
        for (std::size_t i = 0; i < std::min(k, kAnswerLabels); ++i) {
          REQUIRE(found.labels[row * k + i] == all.labels[row * kAnswerLabels + i]);
          REQUIRE(found.scores[row * k + i] == all.scores[row * kAnswerLabels + i]);
        }
      }
    }
    const Predictions lsh = must(model.predict(test.x.view(), {.k = 5, .search = Search::lsh}));
    check_answers(lsh, test, c);
    const Predictions all_lsh = must(model.predict(test.x.view(), {.k = kAnswerLabels, .search = Search::lsh}));
    check_answers(all_lsh, test, c);
    CHECK(lsh.fallbacks <= all_lsh.fallbacks);
    CHECK(all_lsh.fallbacks > 0);
  }
}

TEST_CASE("candidates are the labels scored: all, or with lsh fewer where enough are found", "[unit]") {
  const Data data = planted_data(600, 300, 200, 3), test = planted_data(40, 300, 200, 4);
  for (const auto paths : {Paths::none, Paths::all}) {
    const Model model = trained(config_of({LossKind::softmax, paths, false}), data);
    CHECK(must(model.predict(test.x.view(), {.k = 3})).candidates == test.size() * 200);
    const Predictions lsh = must(model.predict(test.x.view(), {.k = 3, .search = Search::lsh}));
    CHECK(lsh.fallbacks < test.size());
    CHECK(lsh.candidates < test.size() * 200);
    CHECK(lsh.candidates >= (test.size() - lsh.fallbacks) * 3 + lsh.fallbacks * 200);
  }
}

TEST_CASE("probabilities are over all labels, 1 in sum for the softmaxes, and depend neither on k nor on other samples",
          "[unit][levels]") {
  const Data data = data_of(400, 3), test = data_of(40, 4);
  for (const Case& c : cases()) {
    CAPTURE(static_cast<int>(c.loss), static_cast<int>(c.paths), c.exclude_input);
    const Model model = trained(config_of(c), data);
    const Predictions plain = must(model.predict(test.x.view(), {.k = kAnswerLabels}));
    const Predictions found = must(model.predict(test.x.view(), {.k = kAnswerLabels, .probabilities = true}));
    REQUIRE(found.labels == plain.labels);
    for (std::size_t row = 0; row < test.size(); ++row) {
      double sum = 0;
      for (std::size_t i = 0; i < kAnswerLabels && found.labels[row * kAnswerLabels + i] != Predictions::kNoLabel; ++i) {
        const float p = found.scores[row * kAnswerLabels + i];
        REQUIRE(p >= 0);
        REQUIRE(p <= 1);
        if (i > 0) REQUIRE(p <= found.scores[row * kAnswerLabels + i - 1]);
        sum += p;
      }
      CAPTURE(row, sum);
      if (c.loss != LossKind::bce) REQUIRE(sum == Approx(1).epsilon(1e-4));
    }
    SparseRows one = test.x.view();
    one.offsets = one.offsets.subspan(7, 2);
    const Predictions alone = must(model.predict(one, {.k = 5, .probabilities = true}));
    for (std::size_t i = 0; i < 5; ++i) {
      CHECK(alone.labels[i] == found.labels[7 * kAnswerLabels + i]);
      CHECK(alone.scores[i] == Approx(found.scores[7 * kAnswerLabels + i]).epsilon(1e-3));
    }
  }
}

TEST_CASE("with sparse paths scores are shared out: one label with the softmaxes, with bce as many as the logits expect",
          "[unit]") {
  const Data data = data_of(400, 3), test = data_of(40, 4);
  for (const auto loss : {LossKind::softmax, LossKind::decoupled, LossKind::bce}) {
    Config config = config_of({loss, Paths::all, false});
    if (loss == LossKind::bce) config.training.epochs = 10;  // so that sigmoids come down to the few labels of a sample
    Model model = trained(config, data);
    const Predictions scores = must(model.predict(test.x.view(), {.k = kAnswerLabels}));
    const Predictions found = must(model.predict(test.x.view(), {.k = kAnswerLabels, .probabilities = true}));
    impl_of(model).set_paths({});
    const Predictions hidden = must(model.predict(test.x.view(), {.k = kAnswerLabels, .probabilities = true}));
    std::size_t below_one = 0;
    for (std::size_t row = 0; row < test.size(); ++row) {
      double normaliser = 0, expected = 0;
      for (std::size_t i = row * kAnswerLabels; i < (row + 1) * kAnswerLabels; ++i) {
        normaliser += std::exp(double{scores.scores[i]});
        expected += hidden.scores[i];
      }
      for (std::size_t i = row * kAnswerLabels; i < (row + 1) * kAnswerLabels; ++i) {
        CAPTURE(row, i, static_cast<int>(loss), expected);
        REQUIRE(found.labels[i] == scores.labels[i]);
        const double p = expected * std::exp(double{scores.scores[i]}) / normaliser;
        REQUIRE(found.scores[i] == Approx(std::min(1.0, p)).epsilon(1e-3));
        below_one += p < 1;
      }
      if (loss != LossKind::bce) REQUIRE(expected == Approx(1).epsilon(1e-4));
    }
    CHECK(below_one > 30 * test.size());
  }
}

TEST_CASE("probabilities of lsh are over the labels that it scored", "[unit]") {
  const Data data = planted_data(600, 300, 200, 3), test = planted_data(40, 300, 200, 4);
  for (const auto loss : {LossKind::softmax, LossKind::bce}) {
    const Model model = trained(config_of({loss, Paths::all, false}), data);
    const Predictions found = must(model.predict(test.x.view(), {.k = 16, .search = Search::lsh, .probabilities = true}));
    for (std::size_t row = 0; row < test.size(); ++row) {
      double sum = 0;
      for (std::size_t i = 0; i < 16; ++i) {
        REQUIRE(found.scores[row * 16 + i] >= 0);
        sum += found.scores[row * 16 + i];
      }
      if (loss == LossKind::softmax) CHECK(sum <= 1.0001);
      CHECK(sum > 0);
    }
  }
}

TEST_CASE("answers are the same with any number of threads, and from many threads at once", "[unit]") {
  const Data data = data_of(400, 3), test = data_of(200, 4);
  for (const auto paths : {Paths::none, Paths::all}) {
    for (const auto search : {Search::exact, Search::lsh}) {
      const Model model = trained(config_of({LossKind::softmax, paths, false}), data);
      const PredictOptions options{.k = 20, .search = search, .probabilities = true};
      const Predictions expected = must(model.predict(test.x.view(), options));
      for (const int threads : {1, 2, 3, 7}) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads));
        const Predictions found = must(model.predict(test.x.view(), options));
        CHECK(found.labels == expected.labels);
        CHECK(found.scores == expected.scores);
        CHECK(found.candidates == expected.candidates);
        CHECK(found.fallbacks == expected.fallbacks);
      }
      const Model fresh = trained(config_of({LossKind::softmax, paths, false}), data);
      std::vector<Predictions> found(4);
      std::vector<std::thread> callers;
      callers.reserve(found.size());
      for (Predictions& one : found) {
        callers.emplace_back([&] {
          auto result = fresh.predict(test.x.view(), options);
          if (result) one = std::move(result).value();
        });
      }
      for (std::thread& caller : callers) caller.join();
      for (const Predictions& one : found) {
        CHECK(one.labels == expected.labels);
        CHECK(one.scores == expected.scores);
      }
    }
  }
}

TEST_CASE("searching in a model's buckets while it is trained leaves no trace in it", "[unit]") {
  const Data data = planted_data(1500, 200, 120, 5);  // so many that tables fill over several steps
  const auto sampler = GENERATE(SamplerKind::uniform, SamplerKind::lsh);
  const auto rehash = GENERATE(RehashKind::fixed, RehashKind::drift);
  Config config = small_config();
  config.active_set.sampler = sampler;
  config.rehash.kind = rehash;
  config.training.batch = 16;
  config.schedule.average = GENERATE(0.0, 0.4);
  config.training.epochs = 3;
  const auto run = [&](bool searches) {
    Model model = make_model(config, data);
    const auto search = [&] {
      if (searches) must(model.predict(data.x.view(), {.k = 3, .search = Search::lsh}));
      return true;
    };
    search();
    Trainer trainer = must(Trainer::create(model, data.size()));
    search();
    std::string files;
    for (std::uint32_t epoch = 0; epoch < config.training.epochs; ++epoch) {
      must(trainer.train_epoch(data.view(), PassCallbacks{{}, search}));
      search();
      files += saved(model);
    }
    return files;
  };
  CHECK(run(true) == run(false));
}

TEST_CASE("what a search finds after steps is what the rows are then", "[unit]") {
  const Data data = planted_data(500, 200, 120, 5);
  for (const auto sampler : {SamplerKind::uniform, SamplerKind::lsh}) {
    Config config = small_config();
    config.active_set.sampler = sampler;
    Model model = make_model(config, data);
    Trainer trainer = must(Trainer::create(model, data.size()));
    std::size_t compared = 0;
    const auto check = [&] {
      const Predictions found = must(model.predict(data.x.view(), {.k = 2, .search = Search::lsh}));
      const Predictions all = must(model.predict(data.x.view(), {.k = 120}));
      for (std::size_t row = 0; row < data.size(); ++row) {
        const auto labels = std::span(all.labels).subspan(row * 120, 120);
        const auto at = std::ranges::find(labels, found.labels[2 * row]) - labels.begin();
        REQUIRE(found.scores[2 * row] == Approx(all.scores[row * 120 + static_cast<std::size_t>(at)]).epsilon(1e-3).margin(1e-4));
        ++compared;
      }
      return true;
    };
    check();
    must(trainer.train_epoch(data.view(), PassCallbacks{{}, check}));
    check();
    CHECK(compared > 5 * data.size());
  }
}

TEST_CASE("scores that are no finite numbers are an error that names the row and the reason", "[unit][levels]") {
  const Data data = data_of(300, 3);
  for (const Case& c : cases()) {
    CAPTURE(static_cast<int>(c.loss), static_cast<int>(c.paths), c.exclude_input);
    Model model = trained(config_of(c), data);
    Rows rows;
    rows.add(std::vector<std::uint32_t>{1, 2}, std::vector<float>{1, 1});
    rows.add(std::vector<std::uint32_t>{4, 9}, std::vector<float>{0.5f, 3e38f});
    rows.add(std::vector<std::uint32_t>{4, 9}, std::vector<float>{3e38f, 3e38f});
    for (const auto search : {Search::exact, Search::lsh}) {
      for (const bool probabilities : {false, true}) {
        const auto found = model.predict(rows.view(), {.search = search, .probabilities = probabilities, .first_row = 70});
        REQUIRE_FALSE(found.ok());
        CHECK(found.error().kind == Error::Kind::runtime);
        CHECK(found.error().message ==
              "feature row 71: its scores are not finite, feature 9 has the value 3e+38; scale the values as in training");
      }
    }
    // One infinite logit among the candidates is enough, also where k labels are left without it.
    ParameterRows& output = impl_of(model).network.output;
    const float bias = output.bias[1];
    output.bias[1] = INFINITY;
    CHECK_FALSE(model.predict(data.x.view(), {.k = 1}).ok());
    for (std::size_t at = 0; at < data.size(); ++at) {
      SparseRows one = data.x.view();
      one.offsets = one.offsets.subspan(at, 2);
      const auto answer = model.predict(one, {.k = 1, .search = Search::lsh});
      if (answer) REQUIRE(std::isfinite(answer->scores[0]));
    }
    output.bias[1] = bias;
    // And so is one row of one layer.
    std::vector<float> row(output.width(), std::nanf(""));
    output.write(kAnswerLabels - 1, row.data());
    const auto found = model.predict(data.x.view(), {});
    REQUIRE_FALSE(found.ok());
    CHECK_THAT(found.error().message, Catch::Matchers::Contains("feature row 0: its scores are not finite, the model's weights"));
    CHECK_FALSE(evaluate(model, data.view()).ok());
  }
}

TEST_CASE("large values that do not overflow are answered", "[unit]") {
  const Data data = data_of(300, 3);
  for (const Case& c : cases()) {
    CAPTURE(static_cast<int>(c.loss), static_cast<int>(c.paths), c.exclude_input);
    const Model model = trained(config_of(c), data);
    Rows rows;
    rows.add(std::vector<std::uint32_t>{4, 9}, std::vector<float>{0.5f, 1e5f});
    check_answers(must(model.predict(rows.view(), {.k = 20})), Data{kAnswerLabels, kAnswerLabels, rows, {}}, c);
    const Predictions found = must(model.predict(rows.view(), {.k = 20, .probabilities = true}));
    for (const float p : std::span(found.scores).first(20)) CHECK((p >= 0 && p <= 1));
  }
}

}  // namespace glissade::test
