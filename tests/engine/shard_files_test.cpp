// The files of a model whose rows several ranks have, and its answers.

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <glissade/model_shards.h>

#include "engine/model/access.h"
#include "tests/engine/models.h"
#include "tests/engine/thread_transport.h"

namespace glissade::test {
namespace {

namespace fs = std::filesystem;

Config sharded_by_uniform() {
  Config config = small_config();
  config.network.hidden = {16, 12};
  config.active_set.scope = Scope::shared;
  config.active_set.sampler = SamplerKind::uniform;
  return config;
}

Config filed_config() {
  Config config = sharded_by_uniform();
  config.network.storage = GENERATE(Storage::fp32, Storage::bf16_mixed);
  config.optimizer.kind = GENERATE(OptimizerKind::adam, OptimizerKind::adagrad);
  if (GENERATE(false, true)) {  // rows that are kept compactly
    config.network.hidden = {64};
    config.connections.density = 0.2;
  }
  return config;
}

Data filed_data() { return planted_data(200, 83, 97, 7); }

/// body(model) on rank 0, whose model is a shard: the others answer it meanwhile.
template <class Make, class Body>
void with_shards(int count, const Make& make, const Body& body) {
  ThreadRanks(count).run([&](Communicator& ranks) {
    Model model = make(ranks);
    if (ranks.rank() > 0) {
      got(model.answer());
      return;
    }
    body(model);
    if (model.is_shard()) must(model.tell({}));
  });
}

/// A whole model that was trained, the file of which `path` becomes, and the same rows again as shards of `count` ranks.
Model write_shards(const Config& config, const Data& data, int count, const TemporaryFolder& folder) {
  Model whole = make_model(config, data);
  train(whole, data, 1);
  must(whole.save(folder.file("whole.glsd")));
  with_shards(
      count, [&](Communicator& ranks) { return got(Model::load_shard(ranks, folder.file("whole.glsd"), LoadFor::training)); },
      [&](Model& model) { must(model.save(folder.file("m.glsd"))); });
  return whole;
}

std::vector<std::string> shards_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    if (is_shard_of(entry.path().filename().string(), "m.glsd")) names.push_back(entry.path().string());
  }
  std::ranges::sort(names);
  return names;
}

/// Without what lies between sections, which goes by their order.
std::uint64_t section_bytes(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const model_file::Section& section : must(model_file::Reader::open(path)).sections()) bytes += section.size();
  return bytes;
}

std::string load_error(const TemporaryFolder& folder, const std::string& name = "m.glsd") {
  const auto model = Model::load(folder.file(name));
  return model ? "" : model.error().message;
}

}  // namespace

TEST_CASE("shards are read by any number of ranks, and merged to the file of one process", "[unit]") {
  const Config config = filed_config();
  const Data data = filed_data();
  const TemporaryFolder folder;
  const Model whole = write_shards(config, data, 3, folder);
  CHECK(shards_in(folder).size() == 3);
  CHECK(must(count_shards(folder.file("m.glsd"))) == 3);
  CHECK(must(count_shards(folder.file("whole.glsd"))) == 0);
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    if (file.path().filename().string().starts_with("m.glsd")) bytes += file.file_size();
  }
  CHECK(bytes_with_shards(folder.file("m.glsd")) == bytes);
  CHECK(bytes_with_shards(folder.file("none.glsd")) == 0);
  CHECK((saved(must(Model::load(folder.file("m.glsd"), LoadFor::training))) == saved(whole)));
  for (const int count : {2, 3, 5}) {
    const TemporaryFolder other;
    with_shards(
        count, [&](Communicator& ranks) { return got(Model::load_shard(ranks, folder.file("m.glsd"), LoadFor::training)); },
        [&](Model& model) { must(model.save(other.file("m.glsd"))); });
    CHECK((saved(must(Model::load(other.file("m.glsd"), LoadFor::training))) == saved(whole)));
    for (const bool with_state : {true, false}) {
      must(merge_shards(other.file("m.glsd"), other.file("one.glsd"), with_state));
      const auto purpose = with_state ? LoadFor::training : LoadFor::inference;
      CHECK((saved(must(Model::load(other.file("one.glsd"), purpose)), with_state) == saved(whole, with_state)));
      must(whole.save(other.file("same.glsd"), with_state));
      CHECK(section_bytes(other.file("one.glsd")) == section_bytes(other.file("same.glsd")));
    }
  }
}

TEST_CASE("a model that ranks share out answers as a whole one, and so do its files", "[unit]") {
  Config config = filed_config();
  config.network.loss = GENERATE(LossKind::softmax, LossKind::bce);
  const Data data = filed_data();
  const TemporaryFolder folder;
  const Model whole = write_shards(config, data, 3, folder);
  const InputRows inputs = data.view().inputs();
  for (const bool probabilities : {false, true}) {
    const PredictOptions options{.k = 7, .probabilities = probabilities};
    const Predictions wanted = must(whole.predict(inputs, options));
    const auto check = [&](const Predictions& found) {
      CHECK(found.labels == wanted.labels);
      for (std::size_t i = 0; i < wanted.scores.size(); ++i) CHECK(found.scores[i] == Approx(wanted.scores[i]).epsilon(2e-3));
    };
    check(must(must(Model::load(folder.file("m.glsd"))).predict(inputs, options)));
    for (const auto purpose : {LoadFor::inference, LoadFor::training}) {
      for (const int count : {2, 3}) {
        with_shards(
            count, [&](Communicator& ranks) { return got(Model::load_shard(ranks, folder.file("m.glsd"), purpose)); },
            [&](Model& model) { check(must(model.predict(inputs, options))); });
      }
    }
  }
}

TEST_CASE("of a set of shards nothing is lost and nothing stays", "[unit]") {
  const Config config = sharded_by_uniform();
  const Data data = filed_data();
  const TemporaryFolder folder;
  write_shards(config, data, 2, folder);
  const auto first = shards_in(folder);
  const auto save_again = [&](const std::string& name) {
    with_shards(
        2,
        [&](Communicator& ranks) {
          return got(Model::create_shard(ranks, config, {data.features, data.labels}));
        },
        [&](Model& model) { must(model.save(folder.file(name))); });
  };
  fs::copy_file(folder.file("m.glsd"), folder.file("kept.glsd"));
  save_again("m.glsd");
  CHECK(shards_in(folder).size() == 4);  // kept.glsd names the first
  CHECK(load_error(folder, "kept.glsd") == "");
  fs::remove(folder.file("kept.glsd"));
  remove_unnamed_shards(folder.file("m.glsd"));
  CHECK(shards_in(folder).size() == 2);
  CHECK(shards_in(folder) != first);
  CHECK(load_error(folder) == "");
}

TEST_CASE("shards that are missing, damaged or of another set are refused in one line", "[unit]") {
  const Config config = sharded_by_uniform();
  const Data data = filed_data();
  const TemporaryFolder folder;
  write_shards(config, data, 2, folder);
  const auto shards = shards_in(folder);
  REQUIRE(shards.size() == 2);
  const std::string bytes = model_file::get(shards[0]), other = model_file::get(shards[1]);
  const auto expect = [&](const std::string& words) {
    const std::string message = load_error(folder);
    CAPTURE(message);
    CHECK(message.find("'" + folder.file("m.glsd") + "': ") == 0);
    CHECK(message.find(words) != std::string::npos);
    CHECK(message.ends_with("; put all of its files back from a copy"));
  };
  fs::remove(shards[0]);
  expect("cannot be opened");
  model_file::put(shards[0], other);
  expect("is not the shard that it names");
  std::string damaged = bytes;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  model_file::put(shards[0], damaged);
  expect("is damaged");
  model_file::put(shards[0], bytes);
  CHECK(load_error(folder) == "");
  CHECK(load_error(folder, fs::path(shards[0]).filename().string()).find("give the file that names it") != std::string::npos);
  const auto merged = merge_shards(folder.file("whole.glsd"), folder.file("one.glsd"));
  REQUIRE(!merged);
  CHECK(merged.error().message.find("has no shards") != std::string::npos);
}

TEST_CASE("a rank that cannot write its shard leaves the set as it was", "[unit]") {
  const Config config = sharded_by_uniform();
  const Data data = filed_data();
  const TemporaryFolder folder;
  write_shards(config, data, 2, folder);
  const std::string before = model_file::get(folder.file("m.glsd"));
  with_shards(
      2,
      [&](Communicator& ranks) {
        Model model = got(Model::create_shard(ranks, config, {data.features, data.labels}));
        if (ranks.rank() == 1) impl_of(model).network.output.bias[3] = std::numeric_limits<float>::quiet_NaN();
        return model;
      },
      [&](Model& model) {
        const auto written = model.save(folder.file("m.glsd"));
        REQUIRE(!written);
        CHECK(written.error().message.find("rank 1: ") == 0);
      });
  CHECK((model_file::get(folder.file("m.glsd")) == before));
  CHECK(load_error(folder) == "");
}

TEST_CASE("what a model that is shared out cannot do is said", "[unit]") {
  const Config config = sharded_by_uniform();
  const Data data = filed_data();
  with_shards(
      2,
      [&](Communicator& ranks) {
        return got(Model::create_shard(ranks, config, {data.features, data.labels}));
      },
      [&](Model& model) {
        const InputRows inputs = data.view().inputs();
        const auto refused = model.predict(inputs, {.search = Search::tables});
        REQUIRE(!refused);
        CHECK(refused.error().message.find("search by tables needs all rows in one process") == 0);
        CHECK(!Trainer::create(model, data.size()));
      });
  std::vector<std::string> refusals(3);
  ThreadRanks(3).run([&](Communicator& ranks) {
    const auto few = Model::create_shard(ranks, config, {2, 50});
    if (!few) refusals[static_cast<std::size_t>(ranks.rank())] = few.error().message;
  });
  CHECK(refusals == std::vector<std::string>(3,
                                             "2 features and 50 labels are too few for 3 ranks to share out; start fewer, or let "
                                             "them share samples (--distribute data)"));
}

}  // namespace glissade::test
