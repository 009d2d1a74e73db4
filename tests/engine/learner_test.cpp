// A model learns from events while others answer from what it was.
#include <glissade/learner.h>

#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "engine/serving/state.h"
#include "tests/engine/living.h"

namespace glissade::test {
namespace {

Data part_of(const Data& data, std::size_t first, std::size_t count) {
  Data part{data.features, data.labels, {}, {}};
  for (std::size_t row = first; row < first + count; ++row) {
    part.x.add(data.x.view().row_ids(row), data.x.view().row_values(row));
    part.y.add(data.y.view().row_ids(row));
  }
  return part;
}

double precision_at_1(const Snapshot& snapshot, const Data& data) {
  const Predictions found = must(snapshot.top_k(data.x.view(), {.k = 1}));
  std::size_t hits = 0, rows = 0;
  for (std::size_t row = 0; row < data.size(); ++row) {
    const auto labels = data.y.view().row_ids(row);
    if (labels.empty()) continue;
    ++rows;
    hits += std::ranges::find(labels, found.labels[row]) != labels.end() ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(rows);
}

/// A new thing: a row of features 0 .. 4 and one label.
Data event(std::uint32_t features, std::uint32_t labels, std::vector<std::uint32_t> ids, std::uint32_t label) {
  Data data{features, labels, {}, {}};
  data.x.add(ids, std::vector<float>(ids.size(), 1.f));
  data.y.add(std::vector<std::uint32_t>{label});
  return data;
}

}  // namespace

TEST_CASE("a model that learns from events answers rows like them better", "[unit]") {
  const auto [with_paths, compact] = GENERATE(table<bool, bool>({{true, false}, {false, false}, {false, true}}));
  // Of the other world no label means what it meant before.
  const Data before = planted_data(900, 400, 150, 3), events = planted_data(1500, 400, 150, 5, 8),
             asked = planted_data(300, 400, 150, 6, 8);
  LearnerOptions options;
  options.learning_rate = with_paths ? 0 : 0.02;
  options.refit_every = 400;
  options.keep_examples = 800;
  Learner learner = must(Learner::create(living_model(before, with_paths, compact), options));
  const double was = precision_at_1(learner.current(), asked);
  for (std::size_t first = 0; first < events.size(); first += 100) must(learner.learn(part_of(events, first, 100).view()));
  const double is = precision_at_1(must(learner.publish()), asked);
  INFO("P@1 " << was << " -> " << is);
  CHECK(is > was + 0.3);
  CHECK(learner.report().events == 1500);
  CHECK(learner.report().steps == 1500 / 64);
  CHECK(learner.report().waiting == 1500 % 64);
  CHECK(learner.report().fits == (with_paths ? 3 : 0));
}

TEST_CASE("each path learns from events", "[unit]") {
  enum class Path { neighbours, rows };
  const auto path = GENERATE(Path::neighbours, Path::rows);
  const Data before = planted_data(900, 400, 150, 3), events = planted_data(1500, 400, 150, 5, 8),
             asked = planted_data(300, 400, 150, 6, 8);
  Config config = small_config();
  if (path == Path::rows) config.sparse_rows.fan_in = 24;
  if (path == Path::neighbours) config.candidates.neighbours = 20;
  Model model = make_model(config, before);
  train(model, before, config.training.epochs);
  LearnerOptions options;
  options.learning_rate = -1;  // the hidden path stays as it is
  options.refit_every = 400;
  Learner learner = must(Learner::create(std::move(model), options));
  const double was = precision_at_1(learner.current(), asked);
  must(learner.learn(events.view()));
  const double is = precision_at_1(must(learner.publish()), asked);
  INFO("P@1 " << was << " -> " << is);
  CHECK(is > was + 0.3);
  CHECK(learner.report().steps == 0);
}

TEST_CASE("what was published stays as it is", "[unit]") {
  const Data before = planted_data(900, 400, 150, 3), events = planted_data(600, 400, 150, 5),
             asked = planted_data(100, 400, 150, 6);
  Learner learner = must(Learner::create(living_model(before, true)));
  std::vector<Snapshot> published{learner.current()};
  std::vector<Predictions> answers{must(published[0].top_k(asked.x.view()))};
  for (std::size_t first = 0; first < events.size(); first += 100) {
    must(learner.learn(part_of(events, first, 100).view()));
    if (first == 300) {
      must(learner.add_labels(3));
      must(learner.add_features(2));
    }
    published.push_back(must(learner.publish()));
    answers.push_back(must(published.back().top_k(asked.x.view())));
  }
  for (std::size_t i = 0; i < published.size(); ++i) {
    CHECK(published[i].version() == i + 1);
    const Predictions again = must(published[i].top_k(asked.x.view()));
    CHECK(again.labels == answers[i].labels);
    CHECK(again.scores == answers[i].scores);
  }
  CHECK(answers.front().scores != answers.back().scores);
}

TEST_CASE("copies that come back are brought up to date", "[unit]") {
  const Data before = planted_data(900, 400, 150, 3), events = planted_data(1200, 400, 150, 5, 8),
             asked = planted_data(100, 400, 150, 6, 8);
  // One learner publishes once, so its copy is a new one; the other after each piece, so its copies were in use before.
  const bool compact = GENERATE(false, true);
  Learner once = must(Learner::create(living_model(before, true, compact))),
          often = must(Learner::create(living_model(before, true, compact)));
  for (std::size_t first = 0; first < events.size(); first += 100) {
    const Data piece = part_of(events, first, 100);
    must(once.learn(piece.view()));
    must(often.learn(piece.view()));
    must(often.publish());
  }
  const Predictions a = must(must(once.publish()).top_k(asked.x.view())), b = must(must(often.publish()).top_k(asked.x.view()));
  CHECK(a.labels == b.labels);
  CHECK(a.scores == b.scores);
}

TEST_CASE("a publication finds a copy that was made ahead, however many snapshots are held", "[unit][threads]") {
  constexpr std::size_t kPieces = 6, kPiece = 100;
  const Data before = planted_data(900, 400, 150, 3), events = planted_data(kPieces * kPiece, 400, 150, 5, 8),
             asked = planted_data(100, 400, 150, 6, 8);
  const bool compact = GENERATE(false, true);
  Learner once = must(Learner::create(living_model(before, true, compact))),
          often = must(Learner::create(living_model(before, true, compact)));
  std::vector<Snapshot> held{often.current()};
  // Until the next copy is there, which memory() tells: on a machine with much else to do that takes a while.
  const auto wait = [&] {
    const std::uint64_t memory = often.memory();
    for (int i = 0; i < 200 && often.memory() == memory; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  };
  wait();
  for (std::size_t first = 0; first < events.size(); first += kPiece) {
    const Data piece = part_of(events, first, kPiece);
    must(once.learn(piece.view()));
    must(often.learn(piece.view()));
    held.push_back(must(often.publish()));
    wait();
  }
  CHECK(often.report().whole_copies <= 2);  // the first one, and one that came before its copy
  const Predictions a = must(must(once.publish()).top_k(asked.x.view())), b = must(held.back().top_k(asked.x.view()));
  CHECK(a.labels == b.labels);
  CHECK(a.scores == b.scores);
  const std::uint64_t before_save = often.report().whole_copies;
  const TemporaryFolder folder;
  must(often.save(folder.file("m.glsd")));
  held.push_back(must(often.publish()));
  CHECK(often.report().whole_copies == before_save);
}

TEST_CASE("events beyond those that are kept leave, and what they taught stays", "[unit]") {
  constexpr std::size_t kKept = 200, kPiece = 50;
  const Data before = planted_data(900, 400, 150, 3), events = planted_data(2500, 400, 150, 5, 8),
             asked = planted_data(300, 400, 150, 6, 8);
  LearnerOptions options;
  options.keep_events = kKept;
  Learner learner = must(Learner::create(living_model(before, true), options));
  const double was = precision_at_1(learner.current(), asked);
  const auto neighbours = [](const Snapshot& snapshot) -> const NeighbourPath& {
    return SnapshotAccess::state(snapshot).impl->paths.neighbours;
  };
  std::optional<Snapshot> held;
  Predictions answers;
  std::uint64_t memory = 0;
  for (std::size_t first = 0; first < events.size(); first += kPiece) {
    must(learner.learn(part_of(events, first, kPiece).view()));
    const Snapshot snapshot = must(learner.publish());
    const std::size_t kept = neighbours(snapshot).fresh_samples->size();
    REQUIRE(kept >= std::min(first + kPiece, kKept));
    REQUIRE(kept <= kKept + kKept / 4);
    if (first + kPiece == 250) {
      held = snapshot;
      answers = must(held->top_k(asked.x.view()));
    }
    if (first + kPiece == 1000) memory = learner.memory();
  }
  CHECK(learner.memory() < memory + memory / 10);
  CHECK(must(held->top_k(asked.x.view())).scores == answers.scores);  // it keeps what it answers from
  const double is = precision_at_1(learner.current(), asked);
  INFO("P@1 " << was << " -> " << is);
  CHECK(is > was + 0.3);
  const TemporaryFolder folder;
  for (std::size_t round = 0; round < 2; ++round) {
    must(learner.save(folder.file("m.glsd")));
    const Snapshot loaded = must(Snapshot::load(folder.file("m.glsd")));
    const NeighbourPath& saved = neighbours(loaded);
    REQUIRE(saved.samples.rows() == before.size() + kKept);
    for (std::size_t i = 0; i < kKept; ++i) {
      const auto labels = events.y.view().row_ids(events.size() - kKept + i);
      REQUIRE(std::ranges::equal(saved.labels_of(static_cast<std::uint32_t>(before.size() + i)), labels));
    }
    CHECK(precision_at_1(loaded, asked) == Approx(is).margin(0.03));
    must(learner.learn(part_of(events, events.size() - kKept, kKept).view()));
  }
}

TEST_CASE("a saved model knows all that was learned", "[unit]") {
  const Data before = planted_data(900, 400, 150, 3), events = planted_data(900, 400, 150, 5, 8),
             asked = planted_data(300, 400, 150, 6, 8);
  Model model = living_model(before, true, GENERATE(false, true));
  std::vector<std::string> names;
  for (int i = 0; i < 150; ++i) names.push_back("label " + std::to_string(i));
  must(model.set_label_names(names));
  Learner learner = must(Learner::create(std::move(model)));
  must(learner.learn(events.view()));
  must(learner.add_labels(2, {"new", "newer"}));
  const Snapshot published = must(learner.publish());
  const TemporaryFolder folder;
  must(learner.save(folder.file("m.glsd")));
  const Snapshot loaded = must(Snapshot::load(folder.file("m.glsd")));
  CHECK(loaded.shape().labels == 152);
  CHECK(loaded.label_id("newer") == 151u);
  CHECK(loaded.training_samples() == 1800);
  CHECK(precision_at_1(loaded, asked) == Approx(precision_at_1(published, asked)).margin(0.02));
  // It goes on learning, as does the learner itself.
  must(learner.learn(part_of(events, 0, 100).view()));
  Learner again = must(Learner::create(must(Model::load(folder.file("m.glsd"), LoadFor::training))));
  must(again.learn(part_of(events, 0, 100).view()));
  const Predictions a = must(must(learner.publish()).top_k(asked.x.view())),
                    b = must(must(again.publish()).top_k(asked.x.view()));
  std::size_t same = 0;
  for (std::size_t row = 0; row < asked.size(); ++row) same += a.labels[row * 5] == b.labels[row * 5] ? 1 : 0;
  CHECK(same > asked.size() * 95 / 100);
}

TEST_CASE("a saved model with codes has codes of new labels, too, or none", "[unit]") {
  constexpr std::uint32_t kCoded = 33001, kNew = 5;
  Config config = small_config();
  config.training.epochs = 1;
  config.optimizer.learning_rate = 1e-6;  // rows stay in their clusters
  Model model = model_of_clusters(config, {300, kCoded}, 32, 0.1f);
  const Data data = random_data(400, 300, kCoded, 5);
  train(model, data, 1);
  REQUIRE(model.has_codes());
  LearnerOptions options;
  options.batch = 16;
  Learner learner = must(Learner::create(std::move(model), options));
  REQUIRE(must(learner.add_labels(kNew)) == kCoded);
  const TemporaryFolder folder;
  must(learner.save(folder.file("m.glsd")));
  CHECK_FALSE(must(Model::load(folder.file("m.glsd"))).has_codes());
  const Data events = random_data(300, 300, kCoded, 9), one = event(300, kCoded + kNew, {1, 33, 177, 250}, kCoded + 2);
  must(learner.learn(events.view()));
  for (int i = 0; i < 40; ++i) must(learner.learn(one.view()));
  const Predictions before = must(must(learner.publish()).top_k(one.x.view(), {.search = Search::learned}));
  must(learner.save(folder.file("m.glsd")));
  const Snapshot loaded = must(Snapshot::load(folder.file("m.glsd")));
  CHECK(loaded.shape().labels == kCoded + kNew);
  const Predictions after = must(loaded.top_k(one.x.view(), {.search = Search::learned}));
  CHECK(before.labels[0] == kCoded + 2);
  CHECK(after.labels[0] == kCoded + 2);
}

TEST_CASE("a new label is an answer when it has events", "[unit]") {
  const bool with_paths = GENERATE(true, false);
  const Data before = planted_data(900, 400, 150, 3);
  Model model = living_model(before, with_paths);
  std::vector<std::string> names;
  for (int i = 0; i < 150; ++i) names.push_back("label " + std::to_string(i));
  must(model.set_label_names(names));
  LearnerOptions options;
  options.show_after = 2;
  options.batch = 4;
  options.learning_rate = 0.02;
  Learner learner = must(Learner::create(std::move(model), options));
  CHECK_FALSE(learner.add_labels(1).ok());
  CHECK_FALSE(learner.add_labels(1, {"label 3"}).ok());
  CHECK_FALSE(learner.add_labels(2, {"a", "a"}).ok());
  const std::uint32_t label = must(learner.add_labels(1, {"a new thing"}));
  REQUIRE(label == 150);
  const Data one = event(400, 151, {1, 33, 177, 250, 399}, label);
  const auto answered = [&] {
    const Snapshot snapshot = must(learner.publish());
    CHECK(snapshot.label_id("a new thing") == label);
    const Predictions found = must(snapshot.top_k(one.x.view(), {.k = 10}));
    return std::ranges::find(found.labels, label) != found.labels.end();
  };
  CHECK_FALSE(answered());
  must(learner.learn(one.view()));
  CHECK_FALSE(answered());
  for (int i = 0; i < 12; ++i) must(learner.learn(one.view()));
  CHECK(answered());
  must(learner.retire(std::vector<std::uint32_t>{label}));
  CHECK_FALSE(answered());
  must(learner.restore(std::vector<std::uint32_t>{label}));
  CHECK(answered());
  CHECK_FALSE(learner.retire(std::vector<std::uint32_t>{151}).ok());
}

TEST_CASE("a new feature is learned from", "[unit]") {
  const Data before = planted_data(900, 400, 150, 3);
  LearnerOptions options;
  options.keep_examples = 0;
  Learner learner = must(Learner::create(living_model(before, true), options));
  REQUIRE(must(learner.add_features(3)) == 400);
  const Data one = event(403, 150, {401, 402}, 77);
  for (int i = 0; i < 5; ++i) must(learner.learn(one.view()));
  CHECK(must(must(learner.publish()).top_k(one.x.view(), {.k = 1})).labels.at(0) == 77);
}

TEST_CASE("illegal events are refused, and none of them is learned from", "[unit]") {
  const Data before = planted_data(900, 400, 150, 3);
  Learner learner = must(Learner::create(living_model(before, true)));
  Data bad = part_of(before, 0, 2);
  bad.x.ids.back() = 400;
  CHECK_FALSE(learner.learn(bad.view()).ok());
  CHECK(learner.report().events == 0);
  Data huge = part_of(before, 0, 2);
  huge.x.values.back() = 1e38f;
  const auto refused = learner.learn(huge.view());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("has the value 1e+38") != std::string::npos);
  CHECK_FALSE(learner.check(huge.view()).ok());
  CHECK(learner.check(part_of(before, 0, 2).view()).ok());
  CHECK(learner.report().events == 0);
  CHECK(must(learner.publish()).training_samples() == before.size());
  LearnerOptions options;
  options.batch = 0;
  CHECK_FALSE(Learner::create(living_model(before, false), options).ok());
  CHECK_FALSE(Learner::create(make_model(small_config(), before)).ok());
}

TEST_CASE("a model without its training state learns by its other paths", "[unit]") {
  const Data before = planted_data(900, 400, 150, 3), events = planted_data(900, 400, 150, 5, 8),
             asked = planted_data(300, 400, 150, 6, 8);
  const TemporaryFolder folder;
  must(living_model(before, true).save(folder.file("m.glsd"), false));
  Learner learner = must(Learner::create(must(Model::load(folder.file("m.glsd")))));
  const double was = precision_at_1(learner.current(), asked);
  must(learner.learn(events.view()));
  must(learner.add_labels(1));
  CHECK(precision_at_1(must(learner.publish()), asked) > was + 0.2);
  CHECK(learner.report().steps == 0);
}

TEST_CASE("answers while it learns are those of the snapshot that they come from", "[unit][threads]") {
  const Data before = planted_data(600, 400, 150, 3), events = planted_data(2000, 400, 150, 5, 8),
             asked = planted_data(20, 400, 150, 6, 8);
  LearnerOptions options;
  options.batch = 16;
  options.refit_every = 300;
  options.keep_examples = 400;
  Learner learner = must(Learner::create(living_model(before, true), options));
  std::mutex mutex;
  std::map<std::uint64_t, std::pair<Snapshot, Predictions>> answers;
  std::atomic<bool> done = false;
  std::atomic<std::size_t> wrong = 0, asked_often = 0;
  const auto ask = [&] {
    Workspace workspace;
    Predictions found;
    while (!done) {
      const Snapshot snapshot = learner.current();
      if (!snapshot.top_k(asked.x.view(), {}, workspace, found).ok()) ++wrong;
      ++asked_often;
      const std::lock_guard lock(mutex);
      const auto [at, is_new] = answers.try_emplace(snapshot.version(), snapshot, found);
      if (!is_new && (at->second.second.labels != found.labels || at->second.second.scores != found.scores)) ++wrong;
      if (answers.size() > 5) answers.erase(answers.begin());
    }
  };
  std::thread first(ask), second(ask);
  for (std::size_t at = 0; at < events.size(); at += 20) {
    must(learner.learn(part_of(events, at, 20).view()));
    if (at == 1000) must(learner.add_labels(5));
    must(learner.publish());
  }
  done = true;
  first.join();
  second.join();
  CHECK(wrong == 0);
  CHECK(asked_often > 10);
  for (const auto& [version, answer] : answers) CHECK(must(answer.first.top_k(asked.x.view())).scores == answer.second.scores);
}

}  // namespace glissade::test
