// A model that takes vectors learns from events that have some.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <glissade/learner.h>

#include "engine/learning/event_rows.h"
#include "tests/engine/vector_data.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kLabels = 12, kWidth = 33;

/// A world in which vectors that lie where another label's were have this one.
VectorData other_world(std::size_t rows) {
  VectorData data = told_by_vectors(rows, kLabels, kWidth);
  for (std::uint32_t& label : data.data.y.ids) label = (label + 5) % kLabels;
  return data;
}

DatasetView piece_of(const DatasetView& all, std::size_t first, std::size_t count) {
  DatasetView piece = all;
  piece.features.offsets = all.features.offsets.subspan(first, count + 1);
  piece.labels.offsets = all.labels.offsets.subspan(first, count + 1);
  piece.vectors = all.vectors.piece(first, count);
  return piece;
}

Model taught_by_vectors(const Storage storage = Storage::fp32) {
  const VectorData before = told_by_vectors(600, kLabels, kWidth);
  Config config = small_config();
  config.network.storage = storage;
  config.training.epochs = 6;
  Model model = made(config, before);
  trained(model, before, 6);
  return model;
}

Learner learner_of(Model model) {
  LearnerOptions options;
  options.learning_rate = 0.02;
  return must(Learner::create(std::move(model), options));
}

std::size_t hits_of(const Snapshot& snapshot, const VectorData& asked) {
  const Predictions best = must(snapshot.top_k(asked.view().inputs(), {.k = 1}));
  std::size_t hits = 0;
  for (std::size_t row = 0; row < asked.data.size(); ++row) hits += best.labels[row] == asked.data.y.ids[row] ? 1 : 0;
  return hits;
}

}  // namespace

TEST_CASE("vectors: a learner learns from events with vectors, and its copies follow", "[unit][levels]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const VectorData events = other_world(1500), asked = other_world(300);
  Learner once = learner_of(taught_by_vectors(storage)), often = learner_of(taught_by_vectors(storage));
  CHECK(hits_of(once.current(), asked) < 60);
  const Snapshot first = often.current();
  const Predictions at_first = must(first.top_k(asked.view().inputs()));
  for (int pass = 0; pass < 4; ++pass) {
    for (std::size_t row = 0; row < events.data.size(); row += 100) {  // pieces that do not end where steps do
      must(once.learn(piece_of(events.view(), row, 100)));
      must(often.learn(piece_of(events.view(), row, 100)));
      must(often.publish());
    }
  }
  CHECK(once.report().steps == 4 * 1500 / 64);
  const Snapshot last = must(once.publish());
  CHECK(hits_of(last, asked) > 240);
  const Predictions a = must(last.top_k(asked.view().inputs())), b = must(often.current().top_k(asked.view().inputs()));
  CHECK(a.labels == b.labels);
  CHECK(a.scores == b.scores);
  const Predictions still = must(first.top_k(asked.view().inputs()));
  CHECK(still.labels == at_first.labels);
  CHECK(still.scores == at_first.scores);
}

TEST_CASE("vectors: what a learner has grown and saved takes vectors as before", "[unit]") {
  const VectorData events = other_world(400);
  Learner learner = learner_of(taught_by_vectors());
  must(learner.add_labels(2));
  must(learner.add_features(3));
  CHECK(learner.shape().vector_width == kWidth);
  must(learner.learn(events.view()));
  const Snapshot published = must(learner.publish());
  CHECK(published.shape().vector_width == kWidth);
  CHECK(published.shape().labels == kLabels + 2);
  const TemporaryFolder folder;
  must(learner.save(folder.file("m.glsd")));
  const Snapshot loaded = must(Snapshot::load(folder.file("m.glsd")));
  const Predictions a = must(published.top_k(events.view().inputs())), b = must(loaded.top_k(events.view().inputs()));
  CHECK(a.labels == b.labels);
  CHECK(a.scores == b.scores);
  Learner again = must(Learner::load(folder.file("m.glsd")));
  must(again.learn(events.view()));
  CHECK(again.report().steps == 400 / 64);
}

TEST_CASE("vectors: events whose vectors do not fit are refused, and none of them is learned from", "[unit]") {
  VectorData events = other_world(40);
  Learner learner = learner_of(taught_by_vectors());
  const auto refusal = [&](const DatasetView& view) {
    const auto checked = learner.check(view), learned = learner.learn(view);
    REQUIRE_FALSE(checked);
    REQUIRE_FALSE(learned);
    CHECK(checked.error().message == learned.error().message);
    CHECK(learner.report().events == 0);
    return learned.error().message;
  };
  CHECK(refusal(events.data.view()) == "the model takes a vector of 33 numbers with each row, and there are none; give them");
  DatasetView fewer = events.view();
  fewer.vectors = fewer.vectors.piece(0, 39);
  CHECK(refusal(fewer) == "there are 39 vectors and 40 rows; give one for each row");
  events.numbers[3 * kWidth + 2] = 1e30f;
  CHECK(refusal(events.view()) ==
        "event 3: number 2 of its vector is 1e+30; give vectors of the kind that the model was trained on");
}

TEST_CASE("vectors: kept events keep theirs, and those without one stay without", "[unit]") {
  const VectorData data = with_vectors(random_data(6, 20, 10, 3), 4, 6);
  const std::vector<std::uint32_t> places = {4, DenseRows::kNone, 2, 0, 1, 5};
  DatasetView view = data.view();
  view.vectors.places = places;
  EventRows kept;
  for (int pass = 0; pass < 2; ++pass) {
    for (const std::size_t row : {0u, 1u, 2u}) kept.add(view, row);
    const DatasetView all = kept.view(20, 10);
    REQUIRE(all.vectors.rows() == 3);
    CHECK(std::ranges::equal(all.vectors.row(0), data.vectors().row(4)));
    CHECK(all.vectors.row(1).empty());
    CHECK(std::ranges::equal(all.vectors.row(2), data.vectors().row(2)));
    kept.clear();
  }
}

}  // namespace glissade::test
