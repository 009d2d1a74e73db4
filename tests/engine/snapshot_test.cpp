// A snapshot answers as the model that it was made of; given labels have the scores that they have among the best.
#include <glissade/snapshot.h>

#include <catch2/catch.hpp>

#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/layers/row_logits.h"
#include "engine/serving/given_labels.h"
#include "engine/serving/state.h"
#include "tests/engine/living.h"

namespace glissade::test {
namespace {

Snapshot snapshot_of(const Model& model) {
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  return must(Snapshot::load(folder.file("m.glsd")));
}

void check_same(const Predictions& a, const Predictions& b) {
  CHECK(a.k == b.k);
  CHECK(a.labels == b.labels);
  CHECK(a.scores == b.scores);
}

}  // namespace

TEST_CASE("a snapshot answers as its model does", "[unit][levels]") {
  const bool with_paths = GENERATE(false, true);
  const Data data = planted_data(900, 400, 150, 3), asked = planted_data(600, 400, 150, 4);  // more rows than a piece has
  const Model model = living_model(data, with_paths);
  const Snapshot snapshot = snapshot_of(model);
  CHECK(snapshot.version() == 0);
  CHECK(snapshot.shape().labels == 150);
  CHECK(snapshot.training_samples() == data.size());
  Workspace workspace;
  Predictions found;
  for (const bool probabilities : {false, true}) {
    must(snapshot.top_k(asked.x.view(), {.k = 7, .probabilities = probabilities}, workspace, found));
    check_same(found, must(model.predict(asked.x.view(), {.k = 7, .probabilities = probabilities})));
  }
  LabelFilter filter = LabelFilter::permitting_all(150);
  filter.forbid(found.labels[0]);
  must(snapshot.top_k(asked.x.view(), {.filter = &filter}, workspace, found));
  check_same(found, must(model.predict(asked.x.view(), {.filter = &filter})));
}

TEST_CASE("a filter that was made for fewer labels forbids the others", "[unit]") {
  const Data data = planted_data(400, 400, 150, 3);
  const Snapshot snapshot = snapshot_of(living_model(data, true));
  const LabelFilter filter = LabelFilter::permitting_all(100);
  const Predictions found = must(snapshot.top_k(data.x.view(), {.k = 120, .filter = &filter}));
  for (std::size_t i = 0; i < found.labels.size(); ++i) {
    if (i % 120 < 100) {
      REQUIRE(found.labels[i] < 100);
    } else {
      REQUIRE(found.labels[i] == Predictions::kNoLabel);
    }
  }
}

TEST_CASE("features that a snapshot does not know are refused, or left out and counted", "[unit]") {
  const Data data = planted_data(400, 400, 150, 3);
  const Snapshot snapshot = snapshot_of(living_model(data, true));
  Rows known, more;
  known.add(std::vector<std::uint32_t>{3, 5}, std::vector<float>{1, 0.5f});
  more.add(std::vector<std::uint32_t>{3, 400, 5, 4000000}, std::vector<float>{1, 9, 0.5f, 9});
  Workspace workspace;
  Predictions found;
  const auto refused = snapshot.top_k(more.view(), {}, workspace, found);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message ==
        "feature row 0: an id is not below 400, it is 400; state the right feature count, and use data made for this model");
  must(snapshot.top_k(more.view(), {.unknown = Query::Unknown::leave_out}, workspace, found));
  CHECK(workspace.features_left_out() == 2);
  check_same(found, must(snapshot.top_k(known.view())));
  CHECK(workspace.features_left_out() == 2);
}

TEST_CASE("a query whose deadline has passed fails", "[unit]") {
  const Data data = planted_data(400, 400, 150, 3);
  const Snapshot snapshot = snapshot_of(living_model(data, false));
  const auto now = std::chrono::steady_clock::now();
  CHECK_FALSE(snapshot.top_k(data.x.view(), {.deadline = now - std::chrono::seconds(1)}).ok());
  CHECK(snapshot.top_k(data.x.view(), {.deadline = now + std::chrono::hours(1)}).ok());
}

TEST_CASE("given labels have the scores that they have among the best", "[unit][levels]") {
  const bool with_paths = GENERATE(false, true);
  const Data data = planted_data(900, 400, 150, 3), asked = planted_data(40, 400, 150, 4);
  const Model model = living_model(data, with_paths);
  const Snapshot snapshot = snapshot_of(model);
  const Predictions best = must(snapshot.top_k(asked.x.view(), {.k = 4}));
  Rows given;
  for (std::size_t row = 0; row < asked.size(); ++row) {
    std::vector<std::uint32_t> labels(best.labels.begin() + static_cast<std::ptrdiff_t>(row * 4),
                                      best.labels.begin() + static_cast<std::ptrdiff_t>(row * 4 + 4));
    std::ranges::reverse(labels);
    given.add(labels);
  }
  Workspace workspace;
  std::vector<float> scores;
  must(snapshot.score(asked.x.view(), given.view(), workspace, scores));
  REQUIRE(scores.size() == asked.size() * 4);
  for (std::size_t row = 0; row < asked.size(); ++row) {
    for (std::size_t i = 0; i < 4; ++i) CHECK(scores[row * 4 + i] == Approx(best.scores[row * 4 + 3 - i]).margin(1e-4));
  }
  Rows fewer;
  fewer.add(std::vector<std::uint32_t>{1});
  CHECK_FALSE(snapshot.score(asked.x.view(), fewer.view(), workspace, scores).ok());
}

TEST_CASE("each of many given labels is described as it is alone, also when it has learned", "[unit][levels]") {
  constexpr std::uint32_t kLabels = 1200;
  const Data data = planted_data(2500, 300, kLabels, 3), asked = planted_data(20, 300, kLabels, 4);
  Learner learner = must(Learner::create(living_model(data, true)));
  must(learner.learn(planted_data(300, 300, kLabels, 9, 8).view()));
  const Snapshot snapshot = must(learner.publish());
  Model::Impl& impl = *SnapshotAccess::state(snapshot).impl;
  std::vector<std::uint32_t> labels(kLabels);
  std::iota(labels.rbegin(), labels.rend(), 0u);
  PredictBuffers buffers;
  REQUIRE(hidden_of(impl, asked.x.view(), buffers));
  const auto many = impl.take_search(), one = impl.take_search();
  std::size_t changed = 0;
  for (std::size_t row = 0; row < asked.size(); ++row) {
    const SparseRows& features = buffers.batch.features();
    CandidateSearch::Sample sample{features.row_ids(row), features.row_values(row), buffers.hidden.back(), row, {}, 0.f};
    sample.also = labels;
    many->find(sample);
    for (std::uint32_t at = 0; at < kLabels; at += 7) {
      sample.also = std::span(labels).subspan(at, 1);
      one->find(sample);
      const auto place = [&](const CandidateSearch& found) {
        return static_cast<std::size_t>(std::ranges::find(found.labels(), labels[at]) - found.labels().begin());
      };
      const float direct = many->features()[place(*many)][CandidateFeature::direct];
      REQUIRE(direct == Approx(one->features()[place(*one)][CandidateFeature::direct]).margin(1e-5));
      if (impl.paths.label_rows.changed.find(labels[at]) != nullptr && direct != 0) ++changed;
    }
  }
  CHECK(changed > 0);
}

TEST_CASE("many given labels have the scores that they have among the best", "[unit][levels]") {
  constexpr std::uint32_t kLabels = 1200;
  const Data data = planted_data(2500, 300, kLabels, 3), asked = planted_data(20, 300, kLabels, 4);
  const Snapshot snapshot = snapshot_of(living_model(data, true));
  const Predictions best = must(snapshot.top_k(asked.x.view(), {.k = 4}));
  std::vector<std::uint32_t> labels(kLabels);
  std::iota(labels.rbegin(), labels.rend(), 0u);
  Rows given;
  for (std::size_t row = 0; row < asked.size(); ++row) given.add(labels);
  Workspace workspace;
  std::vector<float> scores;
  must(snapshot.score(asked.x.view(), given.view(), workspace, scores));
  std::size_t same = 0;
  for (std::size_t i = 0; i < best.labels.size(); ++i) {
    const float score = scores[i / 4 * kLabels + (kLabels - 1 - best.labels[i])];
    same += score == Approx(best.scores[i]).margin(0.05) ? 1 : 0;  // more candidates share the co-labels' sums
  }
  INFO(same << " of " << best.labels.size());
  CHECK(same > best.labels.size() * 9 / 10);
  Rows twice;
  labels[5] = labels[900];
  twice.add(labels);
  const auto refused = snapshot.score({asked.x.view().offsets.first(2), asked.x.view().ids, asked.x.view().values}, twice.view(),
                                      workspace, scores);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("occurs twice") != std::string::npos);
}

TEST_CASE("a label that can be no answer of its sample has no score", "[unit]") {
  const Data data = planted_data(900, 150, 150, 3);
  Config config = small_config();
  config.candidates.neighbours = 20;
  config.candidates.exclude_input = true;
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  const Snapshot snapshot = snapshot_of(model);
  Rows one, given;
  one.add(std::vector<std::uint32_t>{3, 5}, std::vector<float>{1, 1});
  given.add(std::vector<std::uint32_t>{5, 7, 3});
  Workspace workspace;
  std::vector<float> scores;
  must(snapshot.score(one.view(), given.view(), workspace, scores));
  CHECK(scores[0] == -std::numeric_limits<float>::infinity());
  CHECK(std::isfinite(scores[1]));
  CHECK(scores[2] == -std::numeric_limits<float>::infinity());
}

TEST_CASE("vectors of samples and labels say the logits", "[unit]") {
  const Data data = planted_data(400, 400, 150, 3);
  const Model model = living_model(data, false);
  const Snapshot snapshot = snapshot_of(model);
  Workspace workspace;
  std::vector<float> vectors;
  must(snapshot.encode(data.x.view(), workspace, vectors));
  const LabelVectors labels = snapshot.label_vectors();
  const std::size_t width = snapshot.encoded_width();
  REQUIRE(vectors.size() == data.size() * width);
  REQUIRE(labels.rows.size() == 150 * width);
  const Predictions found = must(snapshot.top_k(data.x.view(), {.k = 3}));
  for (std::size_t row = 0; row < data.size(); ++row) {
    for (std::size_t i = 0; i < 3; ++i) {
      const std::uint32_t label = found.labels[row * 3 + i];
      const float logit =
          std::inner_product(vectors.begin() + static_cast<std::ptrdiff_t>(row * width),
                             vectors.begin() + static_cast<std::ptrdiff_t>((row + 1) * width),
                             labels.rows.begin() + static_cast<std::ptrdiff_t>(label * width), labels.bias[label]);
      REQUIRE(found.scores[row * 3 + i] == Approx(logit).epsilon(0.01).margin(0.02));
    }
  }
}

TEST_CASE("names are found by hash, the first of two that are alike", "[unit]") {
  const Data data = planted_data(400, 40, 30, 3);
  Model model = living_model(data, false);
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back("label " + std::to_string(i == 20 ? 10 : i));
  must(model.set_label_names(names));
  const Snapshot snapshot = Snapshot::of(std::move(model));
  CHECK(snapshot.label_id("label 7") == 7u);
  CHECK(snapshot.label_id("label 10") == 10u);
  CHECK_FALSE(snapshot.label_id("label 20"));
  CHECK_FALSE(snapshot.label_id(""));
  CHECK(snapshot.label_name(29) == "label 29");
  CHECK(snapshot.feature_name(3).empty());
}

}  // namespace glissade::test
