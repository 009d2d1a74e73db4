// A model knows which rows its passes went over, how many passes are wanted, and how its application reads data.
#include <catch2/catch.hpp>

#include <cstring>

#include "engine/model_file/layout.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

/// The same rows as a part of something larger, whose arrays begin before and end behind them.
Data surrounded(const Data& data) {
  Data out = random_data(9, data.features, data.labels, 77);
  const auto append = [](Rows& to, const Rows& from) {
    for (std::size_t row = 0; row + 1 < from.offsets.size(); ++row) {
      const auto begin = from.offsets[row], size = from.offsets[row + 1] - begin;
      to.add(std::span(from.ids).subspan(begin, size),
             from.values.empty() ? std::span<const float>() : std::span(from.values).subspan(begin, size));
    }
  };
  append(out.x, data.x);
  append(out.y, data.y);
  const Data behind = random_data(5, data.features, data.labels, 78);
  append(out.x, behind.x);
  append(out.y, behind.y);
  return out;
}

/// The model file at `path` without one kind of section.
void strip(const std::string& path, model_file::SectionKind without) {
  const std::string bytes = model_file::get(path);
  model_file::Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  const auto reader = must(model_file::Reader::open(path));
  std::vector<model_file::Section> sections;
  for (std::uint32_t i = 0; i < header.sections; ++i) {
    model_file::Entry entry;
    std::memcpy(&entry, bytes.data() + model_file::head_bytes(i), sizeof entry);
    const auto kind = static_cast<model_file::SectionKind>(entry.kind);
    if (kind != without) sections.push_back({kind, entry.index, reader.bytes(kind, entry.index)});
  }
  must(model_file::write(path, sections));
}

Config two_paths() {
  Config config = small_config();
  config.sparse_rows.fan_in = 16;
  config.candidates.neighbours = 8;
  return config;
}

}  // namespace

TEST_CASE("a fingerprint is of what the rows hold, not of where they lie", "[unit]") {
  const Data data = planted_data(5000, 60, 40, 4);
  const std::uint64_t mark = fingerprint(data.view());
  REQUIRE(mark != 0);
  const Data large = surrounded(data);
  DatasetView part = large.view();
  part.features.offsets = part.features.offsets.subspan(9, data.size() + 1);
  part.labels.offsets = part.labels.offsets.subspan(9, data.size() + 1);
  CHECK(fingerprint(part) == mark);
  part.feature_count += 5;
  CHECK(fingerprint(part) == mark);
  Data ones = data, none = data;
  for (float& value : ones.x.values) value = 1;
  none.x.values.clear();
  CHECK(fingerprint(ones.view()) == fingerprint(none.view()));
  CHECK(fingerprint(ones.view()) != mark);
}

TEST_CASE("a fingerprint changes with any row, value, label, and with their order", "[unit]") {
  const Data data = planted_data(5000, 60, 40, 4);
  const std::uint64_t mark = fingerprint(data.view());
  Data changed = data;
  changed.x.values[changed.x.values.size() / 2] += 1e-3f;
  CHECK(fingerprint(changed.view()) != mark);
  changed = data;
  changed.y.ids.back() = (changed.y.ids.back() + 1) % 40;
  CHECK(fingerprint(changed.view()) != mark);
  changed = data;
  changed.x.ids.front() = (changed.x.ids.front() + 1) % 60;
  CHECK(fingerprint(changed.view()) != mark);
  changed = data;  // one feature moves from one row to the next
  changed.x.offsets[4500] += 1;
  CHECK(fingerprint(changed.view()) != mark);
  const Data fewer = planted_data(4999, 60, 40, 4);
  CHECK(fingerprint(fewer.view()) != mark);
}

TEST_CASE("other data than the passes so far are refused, also by a model that was loaded", "[unit]") {
  const Data data = planted_data(300, 60, 40, 4), other = planted_data(300, 60, 40, 5), fewer = planted_data(200, 60, 40, 5);
  Model model = make_model(two_paths(), data);
  CHECK(model.data_fingerprint() == 0);
  train(model, data, 1);
  CHECK(model.data_fingerprint() == fingerprint(data.view()));
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  Model loaded = must(Model::load(folder.file("m.glsd"), LoadFor::training));
  for (Model* one : {&model, &loaded}) {
    const std::string before = saved(*one);
    Trainer trainer = must(Trainer::create(*one, data.size()));
    for (const Data* wrong : {&other, &fewer}) {
      const auto refused = trainer.train_epoch(wrong->view());
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().message ==
            "the model was trained on other data (300 rows) than these (" + std::to_string(wrong->size()) +
                " rows); give the data that its training began with, or start a new run from this model");
    }
    CHECK(saved(*one) == before);
    must(trainer.train_epoch(data.view()));
  }
}

TEST_CASE("a model file from before fingerprints goes on with as many rows as it keeps, and with no others", "[unit]") {
  const Data data = planted_data(300, 60, 40, 4), fewer = planted_data(200, 60, 40, 5);
  Model model = make_model(two_paths(), data);
  train(model, data, 1);
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  strip(folder.file("m.glsd"), model_file::SectionKind::data_fingerprint);
  Model old = must(Model::load(folder.file("m.glsd"), LoadFor::training));
  CHECK(old.data_fingerprint() == 0);
  Trainer trainer = must(Trainer::create(old, data.size()));
  const auto refused = trainer.train_epoch(fewer.view());
  REQUIRE_FALSE(refused.ok());
  CHECK_THAT(refused.error().message, Catch::Matchers::StartsWith("the model keeps 300 training rows, these are 200"));
  must(trainer.train_epoch(data.view()));
  CHECK(old.data_fingerprint() == fingerprint(data.view()));
}

TEST_CASE("data that come through another pager are checked again", "[unit]") {
  struct Pager : RowPager {
    void fetch(std::size_t, std::size_t) const noexcept override {}
    void release(std::size_t, std::size_t) const noexcept override {}
  } const pager;
  Data data = planted_data(300, 60, 40, 4);
  Model model = make_model(small_config(), data);
  Trainer trainer = must(Trainer::create(model, data.size()));
  trainer.read_through(&pager);
  must(trainer.train_epoch(data.view()));
  CHECK(model.data_fingerprint() == fingerprint(data.view()));
  data.x.ids[7] = 60;  // at the same address
  trainer.read_through(&pager);
  CHECK_FALSE(trainer.train_epoch(data.view()).ok());
}

TEST_CASE("a finished training goes on for more epochs, never for fewer than it has", "[unit]") {
  const Data data = planted_data(300, 60, 40, 4);
  Config config = small_config();
  config.training.epochs = 2;
  Model model = make_model(config, data);
  train(model, data, 2);
  CHECK(model.set_epochs(1).error().message == "option 'epochs': '1' is fewer than were begun, 2; allowed: 2 or more");
  CHECK_FALSE(model.set_epochs(0).ok());
  must(model.set_epochs(4));
  CHECK(model.config().training.epochs == 4);
  // The rate is that of the third of four epochs, and not the least one that a finished schedule has.
  const auto more = train(model, data, 1);
  Model finished = make_model(config, data);
  train(finished, data, 2);
  CHECK(more[0] < train(finished, data, 1)[0] - 0.01);
}

TEST_CASE("notes on how data are read stay with a model, with and without its training state", "[unit]") {
  const Data data = planted_data(50, 60, 40, 4);
  Model model = make_model(small_config(), data);
  CHECK(model.data_notes().empty());
  model.set_data_notes("libsvm, ids from 1");
  const TemporaryFolder folder;
  for (const bool with_state : {true, false}) {
    must(model.save(folder.file("m.glsd"), with_state));
    CHECK(must(Model::load(folder.file("m.glsd"))).data_notes() == "libsvm, ids from 1");
  }
}

}  // namespace glissade::test
