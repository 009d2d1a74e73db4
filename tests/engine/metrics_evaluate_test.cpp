#include <catch2/catch.hpp>

#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <vector>

#include <glissade/metrics.h>
#include <glissade/trainer.h>

#include "hashing/seeds.h"

namespace glissade {
namespace {

/// More samples than evaluate() predicts at once; each has features 3c, 3c + 1, 3c + 2 and label c, every 50th sample no label.
struct Data {
  explicit Data(std::size_t samples) {
    hashing::Random random(5);
    for (std::size_t i = 0; i < samples; ++i) {
      const auto c = static_cast<std::uint32_t>(random.below(20));
      for (std::uint32_t j = 0; j < 3; ++j) {
        feature_ids.push_back(3 * c + j);
        feature_values.push_back(0.5f + 0.1f * static_cast<float>(j));
      }
      feature_offsets.push_back(feature_ids.size());
      if (i % 50 != 49) label_ids.push_back(c);
      label_offsets.push_back(label_ids.size());
    }
  }
  DatasetView view() const { return {60, 20, {feature_offsets, feature_ids, feature_values}, {label_offsets, label_ids, {}}}; }
  std::vector<std::uint64_t> feature_offsets = {0}, label_offsets = {0};
  std::vector<std::uint32_t> feature_ids, label_ids;
  std::vector<float> feature_values;
};

Config small() {
  Config config;
  config.network.hidden = {32};
  config.training.batch = 64;
  config.optimizer.learning_rate = 0.02;
  config.training.epochs = 2;
  config.run.threads = 1;
  return config;
}

TEST_CASE("evaluate: pieces give what one prediction of everything gives", "[unit]") {
  const Data data(9000);
  auto model = Model::create(small(), {60, 20});
  REQUIRE(model.ok());
  const auto untrained = evaluate(*model, data.view());
  REQUIRE(untrained.ok());
  CHECK(untrained->metrics.psp[0] == 0);  // no training, no propensities
  auto trainer = Trainer::create(*model, data.view().size());
  REQUIRE(trainer.ok());
  REQUIRE(trainer->train_epoch(data.view()).ok());

  const auto evaluation = evaluate(*model, data.view());
  REQUIRE(evaluation.ok());
  CHECK(evaluation->samples.empty());
  EvaluateOptions keeping;
  keeping.keep_samples = true;
  const auto kept = evaluate(*model, data.view(), keeping);
  REQUIRE(kept.ok());
  REQUIRE(kept->samples.size() == data.view().size());
  double ndcg = 0, found = 0, best = 0;
  for (const SampleScores& sample : kept->samples) {
    ndcg += sample.ndcg[1];
    found += sample.psp_found[2];
    best += sample.psp_best[2];
  }
  CHECK(std::ranges::count(kept->samples, false, &SampleScores::labelled) == 180);
  CHECK(ndcg / 8820 == Approx(kept->metrics.ndcg[1]));
  CHECK(found / best == Approx(kept->metrics.psp[2]));
  const auto all = model->predict(data.view().features, {});
  REQUIRE(all.ok());
  const Metrics expected = score(*all, data.view().labels, propensities(model->label_counts(), model->training_samples()));
  CHECK(evaluation->metrics.samples == 9000);
  CHECK(evaluation->metrics.unlabelled == 180);
  CHECK(evaluation->metrics.precision == expected.precision);
  CHECK(evaluation->metrics.ndcg == expected.ndcg);
  CHECK(evaluation->metrics.psp == expected.psp);
  CHECK(evaluation->metrics.precision[0] > 0.95);
  CHECK(evaluation->metrics.precision[0] > untrained->metrics.precision[0]);
  CHECK(evaluation->metrics.psp[0] > 0.9);
  CHECK(evaluation->candidates_share == Approx(1));
  CHECK(evaluation->seconds > 0);
}

TEST_CASE("evaluate: LSH search scores fewer labels", "[unit]") {
  const Data data(500);
  const auto model = Model::create(small(), {60, 20});
  REQUIRE(model.ok());
  const auto evaluation = evaluate(*model, data.view(), {Search::lsh});
  REQUIRE(evaluation.ok());
  CHECK(evaluation->candidates_share <= 1);
  CHECK(evaluation->candidates_share > 0);
}

TEST_CASE("evaluate refuses what says nothing: more features than the model, no rows, no labels", "[unit]") {
  const auto model = Model::create(small(), {60, 20});
  REQUIRE(model.ok());
  const Data data(10);
  DatasetView view = data.view();
  view.feature_count = 61;
  CHECK(evaluate(*model, view).error().message ==
        "the data have 61 features, the model knows 60; evaluate on data made for this model");
  view = data.view();
  const std::vector<std::uint64_t> none(11, 3);  // a slice's offsets need not start at 0
  view.labels.offsets = none;
  CHECK(evaluate(*model, view).error().message == "none of the 10 rows has a label; evaluate on labelled data");
  view.labels = {};
  CHECK(evaluate(*model, view).error().message == "the data have 10 rows of features and 0 of labels; each sample needs both");
  view.features = {};
  CHECK(evaluate(*model, view).error().message == "the data have no rows; evaluate on at least one row with labels");
}

TEST_CASE("evaluate: labels that the model does not know are missed, with the weight of one that no training row has", "[unit]") {
  const Data data(2000);
  // Label 20 is within L, and no row of the training data has it.
  auto model = Model::create(small(), {60, 21});
  REQUIRE(model.ok());
  auto trainer = Trainer::create(*model, data.view().size());
  REQUIRE(trainer.ok());
  REQUIRE(trainer->train_epoch(data.view()).ok());
  const auto with_label = [&](std::uint32_t label) {
    Data more = data;
    more.label_ids.clear();
    for (std::size_t row = 0; row < data.view().size(); ++row) {
      for (const std::uint32_t id : data.view().labels.row_ids(row)) more.label_ids.push_back(id);
      if (row % 10 == 0) more.label_ids.push_back(label);
      more.label_offsets[row + 1] = more.label_ids.size();
    }
    DatasetView view = more.view();
    view.label_count = label + 1;
    const auto evaluation = evaluate(*model, view);
    REQUIRE(evaluation.ok());
    return evaluation->metrics;
  };
  const Metrics known = with_label(20);
  for (const std::uint32_t label : {21u, 4'000'000'000u}) {
    const Metrics unknown = with_label(label);
    CHECK(unknown.unlabelled == known.unlabelled);
    CHECK(unknown.precision[0] == known.precision[0]);
    CHECK(unknown.psp[0] == known.psp[0]);
    CHECK(unknown.ndcg[0] == known.ndcg[0]);
  }
  const Metrics without = evaluate(*model, data.view())->metrics;
  CHECK(with_label(21).psp[0] < without.psp[0] - 0.05);
  CHECK(with_label(21).ndcg[2] < without.ndcg[2] - 0.01);
}

TEST_CASE("evaluate tells of its progress, stops when asked, and says that it did", "[unit]") {
  const Data data(9000);
  const auto model = Model::create(small(), {60, 20});
  REQUIRE(model.ok());
  std::vector<std::uint64_t> told;
  const auto all = evaluate(*model, data.view(), {.on_progress = [&](std::uint64_t done, std::uint64_t total) {
    CHECK(total == 9000);
    told.push_back(done);
    return true;
  }});
  REQUIRE(all.ok());
  CHECK(all->complete);
  CHECK(all->metrics.samples == 9000);
  REQUIRE(told.size() > 1);
  CHECK(std::is_sorted(told.begin(), told.end()));
  CHECK(told.back() == 9000);
  const auto part = evaluate(*model, data.view(), {.on_progress = [](std::uint64_t, std::uint64_t) { return false; }});
  REQUIRE(part.ok());
  CHECK_FALSE(part->complete);
  CHECK(part->metrics.samples == told.front());
  CHECK(part->candidates_share == Approx(1));
  // Stopping after the last row stops nothing.
  const auto last =
      evaluate(*model, data.view(), {.on_progress = [](std::uint64_t done, std::uint64_t total) { return done < total; }});
  REQUIRE(last.ok());
  CHECK(last->complete);
}

TEST_CASE("evaluate: wide models are scored in small pieces", "[unit]") {
  Config config = small();
  config.network.hidden = {512};
  const auto model = Model::create(config, {60, 40000});
  REQUIRE(model.ok());
  const Data data(300);
  std::uint64_t first = 0;
  tbb::task_arena one_thread(1);
  const auto stopped = one_thread.execute([&] {
    return evaluate(*model, data.view(), {.on_progress = [&](std::uint64_t done, std::uint64_t) {
      first = done;
      return false;
    }});
  });
  REQUIRE(stopped.ok());
  CHECK(first >= 64);
  CHECK(first <= 128);
}

}  // namespace
}  // namespace glissade
