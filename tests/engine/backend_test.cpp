// What a backend does around a snapshot and a learner: many threads, loops of its own, several models, a fork, files that change.
#include <glissade/learner.h>

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <oneapi/tbb/parallel_for.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/engine/living.h"
#include "tests/engine/threads.h"

namespace glissade::test {
namespace {

SparseRows one_row(const Data& data, std::size_t row) {
  SparseRows rows = data.x.view();
  rows.offsets = rows.offsets.subspan(row, 2);
  return rows;
}

DatasetView some_events(const Data& data, std::size_t first, std::size_t count) {
  DatasetView view = data.view();
  view.features.offsets = view.features.offsets.subspan(first, count + 1);
  view.labels.offsets = view.labels.offsets.subspan(first, count + 1);
  return view;
}

/// The answers row by row, as one thread gets them.
std::vector<Predictions> answers_of(const Snapshot& snapshot, const Data& asked, const Query& query) {
  Workspace workspace;
  std::vector<Predictions> all(asked.size());
  for (std::size_t row = 0; row < asked.size(); ++row) must(snapshot.top_k(one_row(asked, row), query, workspace, all[row]));
  return all;
}

bool is_same(const Predictions& a, const Predictions& b) { return a.labels == b.labels && a.scores == b.scores; }

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// For threads of a test's own, in which nothing of Catch may be called.
bool learn_and_publish(Learner& learner, const DatasetView& events) {
  return learner.learn(events).ok() && learner.publish().ok();
}

}  // namespace

TEST_CASE("64 threads get the 1,280 answers that one thread gets", "[unit][threads]") {
  constexpr std::size_t kThreads = 64, kEach = 20;
  const bool with_paths = GENERATE(true, false);
  const Data data = planted_data(900, 400, 150, 3), asked = planted_data(kThreads * kEach, 400, 150, 4);
  const Snapshot snapshot = Snapshot::of(living_model(data, with_paths));
  for (const Search search : {Search::automatic, Search::lsh}) {
    const Query query{.search = search};
    const std::vector<Predictions> right = answers_of(snapshot, asked, query);
    std::atomic<std::size_t> same = 0;
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        Workspace workspace;
        Predictions found;
        for (std::size_t row = t * kEach; row < (t + 1) * kEach; ++row) {
          if (snapshot.top_k(one_row(asked, row), query, workspace, found).ok() && is_same(found, right[row])) ++same;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(same == kThreads * kEach);
  }
}

TEST_CASE("two models in one process are served and learn at once, as each would alone", "[unit][threads]") {
  constexpr std::size_t kPiece = 64, kEvents = 10 * kPiece;
  struct World {
    Data before, events, asked;
    bool with_paths;
  };
  // Of different widths, so that buffers of one do not fit the other.
  const World worlds[] = {
      {planted_data(700, 400, 150, 3), planted_data(kEvents, 400, 150, 5, 8), planted_data(40, 400, 150, 6, 8), true},
      {planted_data(500, 90, 700, 3), planted_data(kEvents, 90, 700, 5, 8), planted_data(40, 90, 700, 6, 8), false}};
  std::atomic<std::size_t> failed = 0, asked = 0;
  const auto learn_all = [&](const World& world, Learner& learner) {
    for (std::size_t first = 0; first < kEvents; first += kPiece) {
      if (!learn_and_publish(learner, some_events(world.events, first, kPiece))) ++failed;
    }
  };
  std::vector<std::vector<Predictions>> alone;
  for (const World& world : worlds) {
    Learner learner = must(Learner::create(living_model(world.before, world.with_paths)));
    learn_all(world, learner);
    alone.push_back(answers_of(learner.current(), world.asked, {}));
  }
  std::vector<Learner> learners;
  for (const World& world : worlds) learners.push_back(must(Learner::create(living_model(world.before, world.with_paths))));
  std::atomic<bool> done = false;
  std::thread asks([&] {
    Workspace workspace;  // one for both
    Predictions found;
    for (std::size_t row = 0; !done; row = (row + 1) % 40) {
      for (std::size_t i = 0; i < 2; ++i, ++asked) {
        if (!learners[i].current().top_k(one_row(worlds[i].asked, row), {}, workspace, found).ok()) ++failed;
      }
    }
  });
  while (asked == 0) std::this_thread::yield();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2; ++i) threads.emplace_back([&, i] { learn_all(worlds[i], learners[i]); });
  for (std::thread& thread : threads) thread.join();
  done = true;
  asks.join();
  CHECK(failed == 0);
  CHECK(asked > 0);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto together = answers_of(learners[i].current(), worlds[i].asked, {});
    for (std::size_t row = 0; row < 40; ++row) REQUIRE(is_same(together[row], alone[i][row]));
  }
}

TEST_CASE("queries inside a caller's own loop of oneTBB answer while a model learns", "[unit][threads]") {
  const Data before = planted_data(700, 400, 150, 3), events = planted_data(1000, 400, 150, 5, 8),
             asked = planted_data(120, 400, 150, 6, 8);
  Learner learner = must(Learner::create(living_model(before, true)));
  const Snapshot old = learner.current();
  std::atomic<bool> done = false;
  std::atomic<std::size_t> failed = 0;
  std::thread learns([&] {
    for (std::size_t first = 0; !done; first = (first + 50) % 1000) {
      if (!learn_and_publish(learner, some_events(events, first, 50))) ++failed;
    }
  });
  for (const Search search : {Search::lsh, Search::automatic}) {
    const std::vector<Predictions> right = answers_of(Snapshot::of(living_model(before, true)), asked, {.search = search});
    for (const int threads : {1, 4}) {
      std::atomic<std::size_t> same = 0, answered = 0;
      with_threads(threads, [&] {
        tbb::parallel_for(std::size_t{0}, asked.size(), [&](std::size_t row) {
          const auto found = old.top_k(one_row(asked, row), {.search = search});
          if (found && is_same(*found, right[row])) ++same;
          if (learner.current().top_k(asked.x.view(), {.search = search}).ok()) ++answered;  // loops of its own in this one
        });
        return 0;
      });
      CHECK(same == asked.size());
      CHECK(answered == asked.size());
    }
  }
  done = true;
  learns.join();
  CHECK(failed == 0);
}

TEST_CASE("a process that forks after it has loaded a model gets its answers in the child, too", "[unit]") {
  constexpr auto kMost = std::chrono::seconds(60);
  const Data data = planted_data(900, 400, 150, 3), asked = planted_data(600, 400, 150, 4);
  const TemporaryFolder folder;
  must(living_model(data, true).save(folder.file("m.glsd")));
  const Snapshot snapshot = must(Snapshot::load(folder.file("m.glsd")));
  const Predictions right = must(snapshot.top_k(asked.x.view()));  // the threads of oneTBB are there, and are not in the child
  const pid_t child = ::fork();
  if (child == 0) {
    const auto found = snapshot.top_k(asked.x.view());
    ::_exit(found && is_same(*found, right) ? 17 : 1);
  }
  REQUIRE(child > 0);
  int status = 0;
  const auto end = std::chrono::steady_clock::now() + kMost;
  pid_t ended = 0;
  while ((ended = ::waitpid(child, &status, WNOHANG)) == 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (ended == 0) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
  }
  REQUIRE(ended == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 17);
}

TEST_CASE("a model file that is replaced or cut short", "[unit]") {
  const Data data = planted_data(400, 200, 80, 3), asked = planted_data(60, 200, 80, 4);
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd"), other = folder.file("other.glsd");
  must(living_model(data, true).save(path));
  must(living_model(planted_data(400, 200, 80, 5, 9), true).save(other));
  const Snapshot snapshot = must(Snapshot::load(path));
  const Predictions right = must(snapshot.top_k(asked.x.view())),
                    others = must(must(Snapshot::load(other)).top_k(asked.x.view()));
  REQUIRE_FALSE(is_same(right, others));

  SECTION("a snapshot answers from the file that it was loaded from, while others take its name") {
    std::filesystem::copy_file(path, folder.file("kept"));
    std::atomic<bool> done = false;
    std::thread replaces([&] {
      for (bool first = false; !done; first = !first) {
        std::filesystem::copy_file(first ? other : folder.file("kept"), folder.file("next"),
                                   std::filesystem::copy_options::overwrite_existing);
        std::filesystem::rename(folder.file("next"), path);
      }
    });
    for (int i = 0; i < 40; ++i) {
      CHECK(is_same(must(snapshot.top_k(asked.x.view())), right));
      const Predictions found = must(must(Snapshot::load(path)).top_k(asked.x.view()));
      CHECK((is_same(found, right) || is_same(found, others)));  // a whole one of the two
    }
    done = true;
    replaces.join();
  }
  SECTION("a file that was cut, or changed in place, is refused in one line") {
    const std::string whole = bytes_of(path), cut = folder.file("cut.glsd");
    const auto refused = [&](const std::string& bytes) {
      std::ofstream(cut, std::ios::binary) << bytes;
      const auto loaded = Snapshot::load(cut);
      REQUIRE_FALSE(loaded.ok());
      CHECK(loaded.error().message.find("cut.glsd") != std::string::npos);
      CHECK(loaded.error().message.find('\n') == std::string::npos);
      CHECK_FALSE(Learner::load(cut).ok());
    };
    for (std::size_t i = 0; i < 40; ++i) refused(whole.substr(0, i * whole.size() / 40));
    refused(whole.substr(0, whole.size() - 1));
    for (std::size_t i = 1; i < 40; ++i) {
      std::string changed = whole;
      changed[i * whole.size() / 40] ^= 0x10;
      std::ofstream(cut, std::ios::binary) << changed;
      // Between two sections there are bytes that nobody reads.
      if (const auto loaded = Snapshot::load(cut); loaded.ok()) CHECK(is_same(must(loaded->top_k(asked.x.view())), right));
    }
  }
}

}  // namespace glissade::test
