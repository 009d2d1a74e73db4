// Hash tables in a checkpoint: as many as there may be, and what is refused of them.

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/model_file/container.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

using model_file::SectionKind;

Config tables_config(SamplerKind sampler) {
  Config config = small_config();
  config.active_set.sampler = sampler;
  config.training.epochs = 1;
  config.training.batch = 16;
  config.rehash.kind = RehashKind::fixed;
  config.rehash.period = 64;
  return config;
}

/// Trains `steps` steps of one pass; all of them for 0.
void train_steps(Model& model, const Data& data, std::uint64_t steps) {
  Trainer trainer = must(Trainer::create(model, data.size()));
  const std::uint64_t begin = model.step();
  must(trainer.train_epoch(data.view(), PassCallbacks{{}, [&] { return steps == 0 || model.step() - begin < steps; }}));
}

using Words = std::vector<std::uint32_t>;

/// The checkpoint `path` with the 32-bit words of one section changed, written anew with right checksums.
void rewrite(const std::string& path, const std::string& to, SectionKind kind, std::uint32_t index,
             const std::function<void(Words&)>& change) {
  const auto reader = must(model_file::Reader::open(path));
  std::vector<model_file::Section> sections;
  Words changed;
  for (std::uint32_t number = 1; number < 64; ++number) {
    for (std::uint32_t at = 0; at < 64; ++at) {
      const auto one = static_cast<SectionKind>(number);
      if (!reader.has(one, at)) continue;
      auto bytes = reader.bytes(one, at);
      if (one == kind && at == index) {
        changed.resize(bytes.size() / sizeof(std::uint32_t));
        std::memcpy(changed.data(), bytes.data(), changed.size() * sizeof(std::uint32_t));
        change(changed);
        bytes = std::as_bytes(std::span(changed));
      }
      sections.push_back({one, at, bytes});
    }
  }
  must(model_file::write(to, sections));
}

struct Change {
  const char* name;
  SectionKind kind;
  std::uint32_t index;
  std::function<void(Words&)> change;
};

/// Saves a training after `steps` steps and sees each change refused in one line, and the file as it is taken.
void check_refused(SamplerKind sampler, std::uint64_t steps, const std::vector<Change>& changes) {
  const Data data = planted_data(400, 60, 90, 3);
  const TemporaryFolder folder;
  const std::string good = folder.file("good.glsd"), bad = folder.file("bad.glsd");
  Model model = make_model(tables_config(sampler), data);
  train_steps(model, data, steps);
  must(model.save(good));
  rewrite(good, bad, SectionKind::state, 0, [](Words&) {});
  must(Model::load(bad, LoadFor::training));
  for (const Change& one : changes) {
    INFO(one.name);
    rewrite(good, bad, one.kind, one.index, one.change);
    const auto loaded = Model::load(bad, LoadFor::training);
    REQUIRE_FALSE(loaded.ok());
    CHECK(loaded.error().message ==
          "'" + bad + "': its hash tables do not fit together; the file was not written whole by Glissade, use another copy");
  }
}

}  // namespace

TEST_CASE("as many tables as there may be go into a checkpoint in the midst of a pass, and training goes on from it", "[unit]") {
  const Data data = planted_data(120, 40, 20, 3);
  Config config = tables_config(SamplerKind::lsh);
  config.hash_tables.count = 4096;
  config.hash_tables.k = 1;
  config.active_set.size = 12;
  Model whole = make_model(config, data);
  train_steps(whole, data, 0);

  const TemporaryFolder folder;
  {
    Model begun = make_model(config, data);
    train_steps(begun, data, 3);
    must(begun.save(folder.file("m.glsd")));
  }
  Model resumed = must(Model::load(folder.file("m.glsd"), LoadFor::training));
  CHECK(resumed.pass_done() == 48);
  train_steps(resumed, data, 0);
  CHECK(resumed.epochs_done() == 1);
  CHECK(saved(resumed) == saved(whole));
}

TEST_CASE("hash tables that could not be are refused", "[unit]") {
  check_refused(SamplerKind::lsh, 22,
                {{"a row twice", SectionKind::table_ids, 1, [](Words& ids) { ids[5] = ids[60]; }},
                 {"a row that is none", SectionKind::table_ids, 5, [](Words& ids) { ids[0] = 90; }},
                 {"fewer ids than the offsets say", SectionKind::table_ids, 0, [](Words& ids) { ids.pop_back(); }},
                 {"offsets that do not ascend", SectionKind::table_offsets, 0, [](Words& offsets) { offsets[1] = 91; }},
                 {"a row of the re-hash twice", SectionKind::rehash_rows, 0, [](Words& rows) { rows[1] = rows[0]; }}});
}

TEST_CASE("a learned table that could not be is refused", "[unit]") {
  // ClusterNumbers in 32-bit words: hashed is the second uint64 of it, samples the sixth.
  constexpr std::size_t kHashed = 2, kSamples = 10;
  check_refused(SamplerKind::lsh_learned, 17,
                {{"a row twice", SectionKind::cluster_rows, 0, [](Words& ids) { ids[0] = ids[1]; }},
                 {"a place without a row", SectionKind::cluster_rows, 0, [](Words& ids) { ids[0] = 0xffffffffu; }},
                 {"sizes of other buckets", SectionKind::cluster_rows, 1, [](Words& sizes) { --sizes[0]; }},
                 {"a bucket that is none", SectionKind::cluster_rows, 2, [](Words& buckets) { buckets[0] = 90; }},
                 {"more rows hashed than are due", SectionKind::cluster_numbers, 0, [](Words& n) { n[kSamples] = 0; }},
                 {"rows hashed beyond the last", SectionKind::cluster_numbers, 0, [](Words& n) { n[kHashed] = 1000; }}});
}

TEST_CASE("a learned table of a file from before its projections had numbers of their own is learned anew", "[unit]") {
  const Data data = planted_data(400, 60, 90, 3);
  const TemporaryFolder folder;
  Model model = make_model(tables_config(SamplerKind::lsh_learned), data);
  train_steps(model, data, 17);
  must(model.save(folder.file("m.glsd")));
  rewrite(folder.file("m.glsd"), folder.file("before.glsd"), SectionKind::cluster_numbers, 0, [](Words& n) { n.resize(18); });
  Model resumed = must(Model::load(folder.file("before.glsd"), LoadFor::training));
  train_steps(resumed, data, 0);
  CHECK(resumed.epochs_done() == 1);
  for (const float weight : all_weights(resumed)) REQUIRE(std::isfinite(weight));
}

}  // namespace glissade::test
