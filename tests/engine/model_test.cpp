// A model's life on disk: nothing lost, nothing needed that is not used, nothing loaded that does not fit.

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <span>
#include <vector>

#include "engine/model_file/layout.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

bool same(const Predictions& a, const Predictions& b) { return a.labels == b.labels && a.scores == b.scores; }

/// Flips a bit in the middle of every section of that kind; false if there is none.
bool damage(const std::string& path, model_file::SectionKind kind) {
  std::string bytes = model_file::get(path);
  model_file::Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  bool found = false;
  for (std::uint32_t i = 0; i < header.sections; ++i) {
    model_file::Entry entry;
    std::memcpy(&entry, bytes.data() + model_file::head_bytes(i), sizeof entry);
    if (entry.kind != static_cast<std::uint32_t>(kind)) continue;
    bytes[entry.offset + entry.bytes / 2] ^= 1;
    found = true;
  }
  model_file::put(path, bytes);
  return found;
}

Model trained(const Config& config, const Data& data) {
  Model model = make_model(config, data);
  train(model, data, 1);
  return model;
}

std::vector<std::string> names(const char* what, std::uint32_t count) {
  std::vector<std::string> all;
  for (std::uint32_t i = 0; i < count; ++i)
    all.push_back(std::string(what) + " " + std::to_string(i) + (i % 3 == 0 ? " \u00e4\t," : ""));
  all[1].clear();  // an empty name is a name
  return all;
}

}  // namespace

TEST_CASE("save and load keep everything, for every storage, optimizer and depth", "[unit]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const auto optimizer = GENERATE(OptimizerKind::adam, OptimizerKind::sgd);
  const auto hidden = GENERATE(values<std::vector<std::uint32_t>>({{16}, {33, 16}, {16, 8, 40}}));
  CAPTURE(static_cast<int>(storage), static_cast<int>(optimizer), hidden.size());
  const Data data = planted_data(70, 60, 40, 1);
  Config config = small_config();
  config.network.storage = storage;
  config.optimizer.kind = optimizer;
  config.network.hidden = hidden;
  config.network.loss = LossKind::bce;
  config.run.threads = 2;
  Model model = trained(config, data);
  must(model.set_label_names(names("label", 40)));
  must(model.set_feature_names(names("feature", 60)));
  const Predictions expected = must(model.predict(data.x.view(), {.k = 7}));
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd"), slim = folder.file("slim.glsd");
  must(model.save(path));
  must(model.save(slim, false));
  REQUIRE(std::filesystem::file_size(slim) < std::filesystem::file_size(path));

  const auto check = [&](const Model& loaded, bool trainable) {
    REQUIRE(loaded.trainable() == trainable);
    REQUIRE(loaded.shape().features == 60);
    REQUIRE(loaded.shape().labels == 40);
    REQUIRE(loaded.config().network.hidden == hidden);
    REQUIRE(loaded.config().network.storage == storage);
    REQUIRE(loaded.config().network.loss == LossKind::bce);
    REQUIRE(loaded.config().optimizer.learning_rate == config.optimizer.learning_rate);
    REQUIRE(loaded.config().run.seed == config.run.seed);
    REQUIRE(loaded.config().run.threads == 0);  // the machine's affair, not the model's
    REQUIRE(loaded.step() == model.step());
    REQUIRE(loaded.epochs_done() == 1);
    REQUIRE(loaded.training_samples() == 70);
    REQUIRE(loaded.label_names() == model.label_names());
    REQUIRE(loaded.feature_names() == model.feature_names());
    REQUIRE(std::equal(loaded.label_counts().begin(), loaded.label_counts().end(), model.label_counts().begin(),
                       model.label_counts().end()));
    REQUIRE(loaded.parameters() == model.parameters());
    REQUIRE(same(must(loaded.predict(data.x.view(), {.k = 7})), expected));
  };
  {
    const Model loaded = must(Model::load(path));
    check(loaded, false);
    REQUIRE((saved(loaded, false) == model_file::get(slim)));
    const TemporaryFolder other;
    REQUIRE(!loaded.save(other.file("x.glsd"), true).ok());  // it has no training state to write
    REQUIRE(other.entries() == 0);
  }
  check(must(Model::load(slim)), false);
  const Model loaded = must(Model::load(path, LoadFor::training));
  check(loaded, true);
  REQUIRE((saved(loaded) == model_file::get(path)));
}

TEST_CASE("parameters are counted without padding", "[unit]") {
  Config config = small_config();
  config.network.hidden = {10, 7};
  const Model model = must(Model::create(config, {100, 50}));
  REQUIRE(model.parameters() == 100 * 10 + 10 + 7 * (10 + 1) + 50 * (7 + 1));
  REQUIRE(model.memory_bytes() >= model.parameters() * 4);
}

TEST_CASE("loading for inference leaves the training state alone", "[unit]") {
  const auto storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  const auto kind = GENERATE(model_file::SectionKind::first_moment, model_file::SectionKind::second_moment,
                             model_file::SectionKind::row_steps, model_file::SectionKind::weights_low,
                             model_file::SectionKind::bias_first_moment, model_file::SectionKind::bias_second_moment);
  const Data data = planted_data(70, 60, 40, 1);
  Config config = small_config();
  config.network.storage = storage;
  const Model model = trained(config, data);
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  must(model.save(path));
  const bool there = damage(path, kind);
  REQUIRE(there == (kind != model_file::SectionKind::weights_low || storage == Storage::bf16_mixed));
  const Model loaded = must(Model::load(path));
  REQUIRE(same(must(loaded.predict(data.x.view())), must(model.predict(data.x.view()))));
  if (!there) return;
  const auto refused = Model::load(path, LoadFor::training);
  REQUIRE(!refused.ok());
  REQUIRE_THAT(refused.error().message, Catch::Matchers::Contains(path));
}

TEST_CASE("loading for inference leaves smaller training state alone, too", "[unit]") {
  const auto [kind, second] = GENERATE(table<model_file::SectionKind, SecondMoment>({
      {model_file::SectionKind::first_moment_bf16, SecondMoment::row},
      {model_file::SectionKind::row_second_moment, SecondMoment::row},
      {model_file::SectionKind::second_moment_bf16, SecondMoment::element},
  }));
  const Data data = planted_data(70, 60, 40, 1);
  Config config = small_config();
  config.network.storage = Storage::bf16;
  config.optimizer.moments = MomentType::bf16;
  config.optimizer.second_moment = second;
  const Model model = trained(config, data);
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  must(model.save(path));
  REQUIRE(!damage(path, model_file::SectionKind::weights_low));
  REQUIRE(damage(path, kind));
  REQUIRE(same(must(must(Model::load(path)).predict(data.x.view())), must(model.predict(data.x.view()))));
  const auto refused = Model::load(path, LoadFor::training);
  REQUIRE(!refused.ok());
  REQUIRE_THAT(refused.error().message, Catch::Matchers::Contains("moment"));
}

TEST_CASE("damaged weights are refused for every purpose", "[unit]") {
  const Data data = planted_data(70, 60, 40, 1);
  const Model model = trained(small_config(), data);
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  for (const auto kind : {model_file::SectionKind::weights_high, model_file::SectionKind::bias, model_file::SectionKind::config,
                          model_file::SectionKind::state, model_file::SectionKind::label_counts}) {
    must(model.save(path));
    REQUIRE(damage(path, kind));
    REQUIRE(!Model::load(path).ok());
    REQUIRE(!Model::load(path, LoadFor::training).ok());
  }
}

TEST_CASE("files whose sections do not fit together are refused", "[unit]") {
  using model_file::SectionKind;
  const Data data = planted_data(70, 60, 40, 1);
  const Model model = trained(small_config(), data);
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd"), changed = folder.file("changed.glsd");
  must(model.save(path));
  model_file::Header header;
  const std::string bytes = model_file::get(path);
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<model_file::Section> sections;
  const auto reader = must(model_file::Reader::open(path));
  for (std::uint32_t i = 0; i < header.sections; ++i) {
    model_file::Entry entry;
    std::memcpy(&entry, bytes.data() + model_file::head_bytes(i), sizeof entry);
    const auto kind = static_cast<SectionKind>(entry.kind);
    sections.push_back({kind, entry.index, reader.bytes(kind, entry.index)});
  }
  const auto refusals = [&](const std::vector<model_file::Section>& parts) {
    must(model_file::write(changed, parts));
    const auto inference = Model::load(changed), training = Model::load(changed, LoadFor::training);
    if (!training) REQUIRE_THAT(training.error().message, Catch::Matchers::Contains(changed));
    return std::pair(!inference.ok(), !training.ok());
  };
  REQUIRE(refusals(sections) == std::pair(false, false));
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const SectionKind kind = sections[i].kind;
    CAPTURE(static_cast<std::uint32_t>(kind), sections[i].index);
    auto without = sections;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    auto shorter = sections;
    shorter[i].bytes = shorter[i].bytes.first(shorter[i].bytes.size() - 4);
    // Counts may be missing (a model that never trained has none); all else is needed, the training state for training only.
    // Nor have files from before 0.2 a hash of their data.
    REQUIRE(refusals(without).second == (kind != SectionKind::label_counts && kind != SectionKind::data_fingerprint));
    if (kind == SectionKind::config) continue;  // a shorter text may still be a config
    REQUIRE(refusals(shorter).second);
  }
  // A shape that the arrays do not have.
  ModelState state;
  std::memcpy(&state, reader.bytes(SectionKind::state).data(), sizeof state);
  for (const std::uint32_t labels : {0u, 39u, 41u, 0x7fffffffu}) {
    ModelState other = state;
    other.labels = labels;
    auto parts = sections;
    for (auto& part : parts) {
      if (part.kind == SectionKind::state) part.bytes = std::as_bytes(std::span(&other, 1));
    }
    REQUIRE(refusals(parts) == std::pair(true, true));
  }
}

TEST_CASE("a slim model predicts the same and refuses training, as does any model loaded for inference", "[unit]") {
  const Data data = planted_data(70, 60, 40, 1);
  const Model model = trained(small_config(), data);
  const TemporaryFolder folder;
  must(model.save(folder.file("slim.glsd"), false));
  const auto training = Model::load(folder.file("slim.glsd"), LoadFor::training);
  REQUIRE(!training.ok());
  REQUIRE(training.error().kind == Error::Kind::usage);
  REQUIRE_THAT(training.error().message, Catch::Matchers::Contains("training state"));
  Model loaded = must(Model::load(folder.file("slim.glsd")));
  REQUIRE(same(must(loaded.predict(data.x.view())), must(model.predict(data.x.view()))));
  const auto trainer = Trainer::create(loaded, data.size());
  REQUIRE(!trainer.ok());
  REQUIRE_THAT(trainer.error().message, Catch::Matchers::Contains("inference"));
}

TEST_CASE("a loaded model survives the end of its file's name, and moves", "[unit]") {
  const Data data = planted_data(70, 60, 40, 1);
  const Model model = trained(small_config(), data);
  const Predictions expected = must(model.predict(data.x.view()));
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  Model loaded = must(Model::load(folder.file("m.glsd")));
  must(model.save(folder.file("m.glsd"), false));  // replaced by rename: the mapping keeps the old file
  std::filesystem::remove(folder.file("m.glsd"));
  Model moved = std::move(loaded);
  REQUIRE(same(must(moved.predict(data.x.view())), expected));
  moved = must(Model::create(small_config(), {3, 4}));
  REQUIRE(moved.shape().labels == 4);
}

TEST_CASE("names must be one line each and as many as there are things", "[unit]") {
  Model model = must(Model::create(small_config(), {3, 2}));
  REQUIRE(!model.set_label_names({"a"}).ok());
  REQUIRE(!model.set_feature_names({"a", "b"}).ok());
  REQUIRE(!model.set_label_names({"a", "b\nc"}).ok());
  REQUIRE(model.label_names().empty());
  must(model.set_label_names({"a", "b"}));
  must(model.set_label_names({}));
  REQUIRE(model.label_names().empty());
}

TEST_CASE("a model that was never trained can be saved, loaded and asked", "[unit]") {
  const Model model = must(Model::create(small_config(), {30, 20}));
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  for (const auto purpose : {LoadFor::inference, LoadFor::training}) {
    const Model loaded = must(Model::load(folder.file("m.glsd"), purpose));
    REQUIRE(loaded.label_counts().empty());
    REQUIRE(loaded.training_samples() == 0);
    Rows rows;
    rows.add(std::vector<std::uint32_t>{1, 2});
    REQUIRE(same(must(loaded.predict(rows.view())), must(model.predict(rows.view()))));
  }
}

TEST_CASE("invalid configs and shapes make no model", "[unit]") {
  Config config = small_config();
  REQUIRE(!Model::create(config, {0, 5}).ok());
  REQUIRE(!Model::create(config, {5, 0}).ok());
  config.hash_tables.k = 25;
  REQUIRE(!Model::create(config, {5, 5}).ok());
  config = small_config();
  config.network.hidden = {};
  REQUIRE(!Model::create(config, {5, 5}).ok());
  config.network.hidden = {65536};
  const auto huge = Model::create(config, {0xffffffff, 0xffffffff});
  REQUIRE(!huge.ok());
  REQUIRE(huge.error().kind == Error::Kind::runtime);  // memory, estimated before anything is allocated
}

}  // namespace glissade::test
