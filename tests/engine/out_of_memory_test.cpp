// An allocation that fails in the midst of training ends in an error, not in the end of the process, and leaves nothing behind
// that a later training could see. A program of its own, because it replaces operator new.

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include <glissade/options.h>

#include "engine/model_file/container.h"
#include "tests/engine/living.h"

namespace {

std::atomic<long> allocations{0};  ///< so far
std::atomic<long> failing{-1};     ///< the number of the one that fails

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (allocations.fetch_add(1) == failing.load()) throw std::bad_alloc();
  void* const memory = alignment == 0 ? std::malloc(bytes == 0 ? 1 : bytes)
                                      : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, 0); }
void* operator new[](std::size_t bytes) { return allocate(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return allocate(bytes, static_cast<std::size_t>(alignment)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return allocate(bytes, 0);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t bytes, const std::nothrow_t& none) noexcept { return operator new(bytes, none); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace glissade::test {
namespace {

struct Variant {
  const char* name;
  void (*change)(Config&);
};

const std::vector<Variant>& variants() {
  static const std::vector<Variant> all = {
      {"lsh, shared", [](Config& c) { c.active_set.sampler = SamplerKind::lsh; }},
      {"lsh, a set per sample, minhash",
       [](Config& c) {
         c.active_set.sampler = SamplerKind::lsh;
         c.active_set.scope = Scope::sample;
         c.hash_tables.family = HashKind::minhash;
         c.hash_tables.k = 2;
       }},
      {"lsh-topk, dwta",
       [](Config& c) {
         c.active_set.sampler = SamplerKind::lsh_topk;
         c.hash_tables.family = HashKind::dwta;
         c.hash_tables.k = 2;
       }},
      {"lsh-label", [](Config& c) { c.active_set.sampler = SamplerKind::lsh_label; }},
      {"lsh-learned", [](Config& c) { c.active_set.sampler = SamplerKind::lsh_learned; }},
      {"exact and in-batch",
       [](Config& c) {
         c.active_set.sampler = SamplerMix({{SamplerKind::exact, 0.3}, {SamplerKind::in_batch, 0.3}});
       }},
      {"frequency, similar batches",
       [](Config& c) {
         c.active_set.sampler = SamplerKind::frequency;
         c.training.batches = BatchKind::similar;
       }},
      {"sparse paths",
       [](Config& c) {
         c = preset("few-rows").value();
         c.network.hidden = {16};
         c.active_set.size = 24;
         c.training.batch = 32;
         c.sparse_rows.fan_in = 8;
         c.candidates.neighbours = 6;
         c.candidates.co_labels = 3;
         c.run.threads = 1;
       }},
  };
  return all;
}

Config config_of(const Variant& variant) {
  Config config = small_config();
  variant.change(config);
  config.training.epochs = 1;
  return config;
}

/// One epoch whose allocation `number` fails (none for -1); the model's bytes, or nothing if it ended in an error.
std::string epoch(const Config& config, const Data& data, long number, std::string& message) {
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  failing = number < 0 ? -1 : allocations.load() + number;
  const auto report = trainer.train_epoch(data.view());
  failing = -1;
  message = report ? "" : report.error().message;
  return report ? saved(model) : "";
}

long allocations_of(const Config& config, const Data& data) {
  Model model = make_model(config, data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  const long before = allocations;
  must(trainer.train_epoch(data.view()));
  return allocations - before;
}

}  // namespace

TEST_CASE("an allocation that fails while training runs is an error, and the next training knows nothing of it", "[property]") {
  const Data data = planted_data(100, 80, 60, 3);
  constexpr long kTries = 50;
  for (const Variant& variant : variants()) {
    INFO(variant.name);
    const Config config = config_of(variant);
    std::string message;
    const std::string right = epoch(config, data, -1, message);
    REQUIRE(!right.empty());
    const long all = allocations_of(config, data);
    long failed = 0;
    for (long i = 0; i < kTries; ++i) {
      // All of the first ones, later ones ever farther apart.
      const long number = std::min(all - 1, i + i * i * i * all / (kTries * kTries * kTries));
      INFO("allocation " << number << " of " << all);
      const std::string made = epoch(config, data, number, message);
      if (made.empty()) {
        ++failed;
        CHECK(message.find("out of memory") != std::string::npos);
      } else {
        CHECK((made == right));  // copying the next batch is only tried
      }
      REQUIRE((epoch(config, data, -1, message) == right));
    }
    CHECK(failed > kTries / 2);
  }
}

namespace {

/// Calls `call`, which returns a Result, and lets its allocation number 0, 1, 2, .. fail, all of the first ones and later ones
/// ever farther apart; `after` follows each. Returns how often the call failed.
template <class Call, class After>
long sweep(const char* what, const Call& call, const After& after) {
  constexpr long kTries = 40;
  const long before = allocations;
  REQUIRE(call().ok());
  const long all = allocations - before;
  REQUIRE(all > 0);
  long failed = 0;
  for (long i = 0; i < kTries; ++i) {
    const long number = std::min(all - 1, i + i * i * i * all / (kTries * kTries * kTries));
    INFO(what << ": allocation " << number << " of " << all);
    failing = allocations.load() + number;
    const auto made = call();
    failing = -1;
    if (!made.ok()) {
      ++failed;
      const std::string& message = made.error().message;
      CHECK((message.find("out of memory") != std::string::npos || message.find("Cannot allocate memory") != std::string::npos));
    }
    after();
  }
  return failed;
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("short of memory a snapshot is not loaded, or answers not, and the next try does", "[property]") {
  const Data data = planted_data(200, 120, 80, 3), asked = planted_data(30, 120, 80, 4);
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  must(living_model(data, true).save(path));
  const Predictions right = must(must(Snapshot::load(path)).top_k(asked.x.view()));
  CHECK(sweep(
            "load", [&] { return Snapshot::load(path); },
            [&] { REQUIRE(must(must(Snapshot::load(path)).top_k(asked.x.view())).scores == right.scores); }) > 10);
  const Snapshot snapshot = must(Snapshot::load(path));
  Workspace workspace;
  Rows given;
  for (std::size_t row = 0; row < asked.size(); ++row) given.add(std::vector<std::uint32_t>{1, 7, 70});
  CHECK(sweep(
            "answers",
            [&]() -> Result<void> {
              Predictions found;
              std::vector<float> scores;
              if (auto done = snapshot.top_k(asked.x.view(), {}, workspace, found); !done) return done;
              if (auto done = snapshot.score(asked.x.view(), given.view(), workspace, scores); !done) return done;
              return snapshot.encode(asked.x.view(), workspace, scores);
            },
            [] {}) >= 0);
}

TEST_CASE("short of memory a model file is written as a whole, or the old one is there and it is told", "[property]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a name that takes memory of its own.glsd");
  /// The allocation of that number fails; none for -1.
  const auto is_written = [&](std::size_t bytes, long number) {
    const std::vector<std::byte> content(bytes, std::byte{1});
    const std::vector<model_file::Section> sections = {{model_file::SectionKind::config, 0, content}};
    failing = number < 0 ? -1 : allocations.load() + number;
    bool done = false;
    try {
      done = model_file::write(path, sections).ok();
    } catch (const std::bad_alloc&) {
    }
    failing = -1;
    return done;
  };
  REQUIRE(is_written(100, -1));
  const std::string old = contents_of(path);
  long number = 0;
  for (; !is_written(200, number); ++number) {
    CAPTURE(number);
    REQUIRE(contents_of(path) == old);
  }
  CHECK(number > 5);
  CHECK(contents_of(path) != old);
}

TEST_CASE("short of memory a learner says so, what was published answers, what was saved is good", "[property]") {
  const Data data = planted_data(200, 120, 80, 3), asked = planted_data(30, 120, 80, 4), events = planted_data(40, 120, 80, 5, 8);
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  must(living_model(data, true).save(path));
  LearnerOptions options;
  options.batch = 16;
  options.keep_examples = 64;
  options.refit_every = 80;
  options.keep_events = 100;
  CHECK(sweep(
            "create", [&] { return Learner::load(path, options); }, [] {}) > 10);

  Learner learner = must(Learner::load(path, options));
  const Snapshot old = learner.current();
  const Predictions right = must(old.top_k(asked.x.view()));
  const auto old_answers = [&] { REQUIRE(must(old.top_k(asked.x.view())).scores == right.scores); };
  const auto goes_on = [&] {
    old_answers();
    if (const auto learned = learner.learn(events.view()); !learned.ok()) {
      // In the midst of growing: it says so, whatever is asked of it, and another one takes its place.
      REQUIRE(learned.error().message.find("cannot go on") != std::string::npos);
      REQUIRE_FALSE(learner.publish().ok());
      learner = must(Learner::load(path, options));
      must(learner.learn(events.view()));
    }
    REQUIRE(must(must(learner.publish()).top_k(asked.x.view())).labels.size() == right.labels.size());
    old_answers();
  };
  CHECK(sweep(
            "learn", [&] { return learner.learn(events.view()); }, goes_on) > 10);
  CHECK(sweep(
            "publish", [&] { return learner.publish(); }, goes_on) > 5);
  CHECK(sweep(
            "add labels", [&] { return learner.add_labels(2); }, goes_on) > 5);
  CHECK(sweep(
            "add features", [&] { return learner.add_features(2); }, goes_on) > 5);

  const std::string saved = folder.file("saved.glsd");
  must(learner.save(saved));
  std::string good = contents_of(saved);
  bool is_new = false;
  CHECK(sweep(
            "save",
            [&] {
              auto done = learner.save(saved);
              is_new = done.ok();
              return done;
            },
            [&] {
              if (is_new) good = contents_of(saved);
              REQUIRE(contents_of(saved) == good);
              REQUIRE(Snapshot::load(saved).ok());
              goes_on();
            }) > 5);
}

}  // namespace glissade::test
