// Pruned models: what they answer, how large they are, and what balances their parts.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <glissade/metrics.h>
#include <glissade/prune.h>
#include <glissade/refit.h>

#include "engine/model_file/container.h"
#include "engine/packing/packed_bytes.h"
#include "engine/packing/packed_sections.h"
#include "engine/pruning/fixed_order.h"
#include "engine/pruning/importance.h"
#include "engine/pruning/loss_curves.h"
#include "tests/engine/golden.h"
#include "tests/engine/models.h"
#include "tests/engine/threads.h"

namespace glissade::test {
namespace {

double goodness(const Model& model, const Data& test) {
  const Metrics metrics = must(evaluate(model, test.view(), {})).metrics;
  return metrics.precision[0] + metrics.ndcg[2];
}

PruneMix alike(double step) {
  PruneMix mix;
  mix.steps.fill(step);
  return mix;
}

/// Large enough that pages are small beside its sections. With all paths, or the hidden one alone.
Model wide_model(const Data& data, bool with_paths) {
  Config config = small_config();
  config.network.hidden = {64};
  if (with_paths) {
    config.sparse_rows.fan_in = 24;
    config.sparse_rows.epochs = 1;
    config.candidates.neighbours = 20;
    config.candidates.co_labels = 8;
  }
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  return model;
}

struct Files {
  explicit Files(bool with_paths = true) {
    const Model model = wide_model(data, with_paths);
    must(model.save(whole));
    must(model.save(slim, false));
  }
  TemporaryFolder folder;
  Data data = planted_data(1500, 1500, 600, 3), test = planted_data(400, 1500, 600, 4);
  std::string whole = folder.file("whole.glsd"), slim = folder.file("slim.glsd"), pruned = folder.file("pruned.glsd");
};

}  // namespace

TEST_CASE("a finely pruned model answers what the whole one does, from a smaller file", "[unit][levels]") {
  for (const bool with_paths : {true, false}) {
    const Files files(with_paths);
    const Pruner pruner = must(Pruner::open(files.whole));
    CHECK(pruner.whole_bytes() <= std::filesystem::file_size(files.slim) + 64);
    const Pruner::Size size = must(pruner.write(alike(0.05), files.pruned));
    CHECK(size.bytes == std::filesystem::file_size(files.pruned));
    CHECK(size.bytes == must(pruner.size_of(alike(0.05))).bytes);
    CHECK(size.bytes < 0.6 * static_cast<double>(pruner.whole_bytes()));
    const Model pruned = must(Model::load(files.pruned));
    CHECK(pruned.shape().labels == pruner.model().shape().labels);
    CHECK(pruned.training_samples() == pruner.model().training_samples());
    CHECK(std::equal(pruned.label_counts().begin(), pruned.label_counts().end(), pruner.model().label_counts().begin()));
    const Predictions before = must(pruner.model().predict(files.test.x.view())),
                      after = must(pruned.predict(files.test.x.view()));
    std::size_t same = 0;
    for (std::size_t i = 0; i < before.labels.size(); i += before.k) same += before.labels[i] == after.labels[i] ? 1 : 0;
    CHECK(same > 390);
  }
}

TEST_CASE("a pruned model can be pruned again, saved and loaded, and not be trained on", "[unit]") {
  const Files files;
  must(must(Pruner::open(files.whole)).write(alike(0.2), files.pruned));
  const auto training = Model::load(files.pruned, LoadFor::training);
  REQUIRE_FALSE(training.ok());
  CHECK(training.error().message.find("saved without its training state") != std::string::npos);
  const Pruner again = must(Pruner::open(files.pruned));
  const std::string smaller = files.folder.file("smaller.glsd"), plain = files.folder.file("plain.glsd");
  CHECK(must(again.write(alike(0.8), smaller)).bytes < std::filesystem::file_size(files.pruned));
  CHECK(must(Model::load(smaller)).shape().labels == 600);
  must(again.model().save(plain, false));  // unpacked: it answers the same
  const Predictions a = must(again.model().predict(files.test.x.view()));
  const Predictions b = must(must(Model::load(plain)).predict(files.test.x.view()));
  CHECK(a.labels == b.labels);
  CHECK(a.scores == b.scores);
}

TEST_CASE("the same model is pruned to the same bytes whatever the threads", "[unit]") {
  const Files files;
  std::string first;
  for (const int threads : {1, 3}) {
    with_threads(threads, [&] { must(must(Pruner::open(files.whole)).write(alike(0.4), files.pruned)); });
    std::ifstream file(files.pruned, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (first.empty()) first = bytes;
    CHECK((bytes == first));
  }
}

TEST_CASE("a wanted size is reached, and a wanted number of weights", "[unit]") {
  const Files files;
  const Pruner pruner = must(Pruner::open(files.whole));
  for (const double share : {0.5, 0.35}) {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(pruner.whole_bytes()));
    const Pruner::Size size = must(pruner.size_of(must(pruner.mix_for_bytes(wanted))));
    CHECK(size.bytes <= wanted);
    // Sections begin on pages, so a small file has few sizes.
    CHECK(static_cast<double>(size.bytes) > 0.8 * static_cast<double>(wanted));
  }
  for (const double share : {0.5, 0.1}) {
    const Pruner::Size size = must(pruner.size_of(must(pruner.mix_for_weights(share))));
    CHECK(static_cast<double>(size.weights) <= share * static_cast<double>(pruner.weights()));
    CHECK(static_cast<double>(size.weights) > 0.8 * share * static_cast<double>(pruner.weights()));
  }
  const auto none = pruner.mix_for_bytes(1000);
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().kind == Error::Kind::usage);
  CHECK(none.error().message.find("so small a model cannot be had: without any weight it takes") == 0);
}

TEST_CASE("a small model of which little is weights is pruned to a size or refused, never to nothing", "[unit]") {
  const TemporaryFolder folder;
  const Data data = planted_data(4000, 36, 16, 3);
  Config config = small_config();
  config.network.hidden = {512};
  config.sparse_rows.fan_in = 24;
  config.sparse_rows.epochs = 1;
  config.candidates.neighbours = 20;
  Model model = make_model(config, data);
  train(model, data, 1);
  must(model.save(folder.file("small.glsd")));
  const Pruner pruner = must(Pruner::open(folder.file("small.glsd")));
  int made = 0, refused = 0;
  for (int percent = 4; percent < 100; percent += 4) {
    CAPTURE(percent);
    const std::uint64_t wanted = pruner.whole_bytes() * static_cast<unsigned>(percent) / 100;
    const auto mix = pruner.mix_for_bytes(wanted);
    if (!mix) {
      ++refused;
      CHECK(made == 0);
      continue;
    }
    ++made;
    const Pruner::Size size = must(pruner.size_of(*mix));
    CHECK(size.weights > 0);
    CHECK(size.bytes <= wanted);
  }
  CHECK(made > 0);
  CHECK(refused > 0);
}

TEST_CASE("coarser steps make smaller models, part by part", "[unit]") {
  const Files files;
  const Pruner pruner = must(Pruner::open(files.whole));
  const Pruner::Size fine = must(pruner.size_of(alike(0.1)));
  for (std::size_t part = 0; part < PruneMix::kParts; ++part) {
    PruneMix mix = alike(0.1);
    mix.steps[part] = 2;
    const Pruner::Size coarse = must(pruner.size_of(mix));
    CAPTURE(PruneMix::kNames[part]);
    CHECK(coarse.weights < fine.weights);
    CHECK(coarse.bytes <= fine.bytes);  // by whole pages, but for the last section
  }
}

TEST_CASE("curves say what a part loses, and a part that loses nothing gives its bytes to the others", "[unit]") {
  const Files files;
  const Pruner pruner = must(Pruner::open(files.whole));
  const std::string scratch = files.folder.file("scratch");
  int calls = 0;
  const PruneCurves curves = must(pruner.measure(scratch, [&](Model& model) -> Result<double> {
    ++calls;
    return goodness(model, files.test);
  }));
  CHECK(calls == 21);
  CHECK_FALSE(std::filesystem::exists(scratch));
  for (const auto& part : curves.losses) CHECK(part.front() == 0);
  double most = 0;
  for (const auto& part : curves.losses) most = std::max(most, part.back());
  CHECK(most > 0.02);

  PruneCurves made;
  made.losses[PruneMix::labels] = {0, 0.1, 0.2, 0.3, 0.4};
  made.losses[PruneMix::rows] = {0, 0.1, 0.2, 0.3, 0.4};
  const std::uint64_t wanted = must(pruner.size_of(must(pruner.mix_for_bytes(pruner.whole_bytes() / 2)))).bytes;
  const PruneMix mix = must(pruner.mix_for_bytes(wanted, made));
  CHECK(must(pruner.size_of(mix)).bytes <= wanted);
  CHECK(mix.steps[PruneMix::features] > 3 * mix.steps[PruneMix::labels]);
  CHECK(mix.steps[PruneMix::neighbours] > 3 * mix.steps[PruneMix::rows]);
}

TEST_CASE("what a new fit makes of a pruned model is in its file, and takes as many bytes", "[unit]") {
  const Files files;
  const Pruner pruner = must(Pruner::open(files.whole));
  const PruneMix mix = alike(0.8);
  const Pruner::Size without = must(pruner.write(mix, files.pruned));
  const Predictions before = must(must(Model::load(files.pruned)).predict(files.test.x.view()));
  const Data few = planted_data(90, 1500, 600, 5);  // too few for a calibration, which the model has not either
  Predictions fitted;
  const Pruner::Size with = must(pruner.write(mix, files.pruned, [&](Model& model) -> Result<void> {
    if (auto done = refit_ranker(model, few.view(), pruner.model()); !done) return done;
    fitted = must(model.predict(files.test.x.view()));
    return {};
  }));
  CHECK(with.bytes == without.bytes);
  CHECK(with.bytes == std::filesystem::file_size(files.pruned));
  CHECK(with.weights == without.weights);
  const Model model = must(Model::load(files.pruned));
  const Predictions after = must(model.predict(files.test.x.view()));
  CHECK(after.scores == fitted.scores);
  CHECK(after.scores != before.scores);

  const auto failed = pruner.write(mix, files.pruned, [](Model&) -> Result<void> { return runtime_error("no fit"); });
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message == "no fit");
  CHECK(must(must(Model::load(files.pruned)).predict(files.test.x.view())).scores == after.scores);  // the file that was there
  for (const auto& file : std::filesystem::directory_iterator(files.folder.path()))
    CHECK(file.path().string().find(".tmp") == std::string::npos);
}

TEST_CASE("a failing score ends the measuring and leaves no file", "[unit]") {
  const Files files;
  const Pruner pruner = must(Pruner::open(files.whole));
  const std::string scratch = files.folder.file("scratch");
  const auto failed = pruner.measure(scratch, [](Model&) -> Result<double> { return runtime_error("no score"); });
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message == "no score");
  CHECK_FALSE(std::filesystem::exists(scratch));
}

TEST_CASE("loss curves rise: what falls is pooled", "[unit]") {
  const pruning::LossCurve curve({0, 3, 1, 5, 4});
  CHECK(curve.at(0.1) == 0);
  CHECK(curve.at(0.5) == Approx(2));
  CHECK(curve.at(1) == Approx(2));
  CHECK(curve.at(std::sqrt(0.125)) == Approx(1));  // half way between the logs of 0.25 and 0.5
  CHECK(curve.at(3) == Approx(4.5));
  CHECK(curve.at(100) == Approx(4.5));
  const pruning::LossCurve better({0, -1, -2, -1, 4});
  CHECK(better.at(0.25) == Approx(-1));
  CHECK(better.at(1.75) == Approx(-1));
}

TEST_CASE("a balanced mix loses as much by the last byte in every part", "[unit]") {
  // Two parts of bytes 1 / step and 4 / step; losses alike. The larger part is told more coarsely.
  PruneCurves curves;
  for (std::size_t i = 0; i < PruneCurves::kSteps.size(); ++i)
    curves.losses[0][i] = curves.losses[1][i] = PruneCurves::kSteps[i] - PruneCurves::kSteps[0];
  const auto bytes = [](std::size_t part, double step) { return part == 0 ? 1 / step : part == 1 ? 4 / step : 0.0; };
  const PruneMix mix = pruning::least_loss(curves, 6, bytes);
  CHECK(bytes(0, mix.steps[0]) + bytes(1, mix.steps[1]) <= 6);
  CHECK(bytes(0, mix.steps[0]) + bytes(1, mix.steps[1]) > 4);
  CHECK(mix.steps[1] > 1.3 * mix.steps[0]);
}

TEST_CASE("the fixed order gives a part steps by the root of its share, and none to a part without weights", "[unit]") {
  const PruneMix one = pruning::fixed_mix({400, 100, 0, 0, 0}, 1), two = pruning::fixed_mix({400, 100, 0, 0, 0}, 2);
  CHECK(one.steps[0] == Approx(std::sqrt(0.8)));
  CHECK(one.steps[1] == Approx(1.3 * std::sqrt(0.2)));
  CHECK(one.steps[2] == 0);
  for (std::size_t part = 0; part < PruneMix::kParts; ++part) CHECK(two.steps[part] == Approx(2 * one.steps[part]));
}

TEST_CASE("rows that are asked for seldom are told more coarsely", "[unit]") {
  const std::vector<float> steps = pruning::row_steps({0, 15, 255}, 3, 1, 0.25);
  CHECK(steps[0] / steps[1] == Approx(2));
  CHECK(steps[1] / steps[2] == Approx(2));
  CHECK(pruning::row_steps({}, 2, 0.5, 0.25) == std::vector<float>{0.5f, 0.5f});
}

TEST_CASE("a packed section that is damaged, or is there twice, is refused", "[unit]") {
  using namespace model_file;
  const Files files;
  must(must(Pruner::open(files.whole)).write(alike(0.2), files.pruned));
  const Reader reader = must(Reader::open(files.pruned));
  std::vector<Section> sections(reader.sections().begin(), reader.sections().end());
  CHECK(version_of(sections) == 5);
  const auto packed = std::ranges::find(sections, SectionKind::packed_rows, &Section::kind);
  REQUIRE(packed != sections.end());
  std::vector<std::byte> altered(packed->bytes.begin(), packed->bytes.end());
  altered.resize(altered.size() - 1);
  auto damaged = sections;
  damaged[static_cast<std::size_t>(packed - sections.begin())].bytes = altered;
  must(write(files.folder.file("damaged"), damaged));
  const auto refused = Model::load(files.folder.file("damaged"));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("packed section 96.0 is damaged") != std::string::npos);

  const std::string counts(600 * 4, 'x');
  auto twice = sections;
  const std::vector<std::byte> bytes = packing::pack_bytes(std::as_bytes(std::span(counts)), 4);
  twice.push_back({SectionKind::packed_bytes, packing::packed_index(SectionKind::config, 0), bytes});
  must(write(files.folder.file("twice"), twice));
  const auto double_one = Model::load(files.folder.file("twice"));
  REQUIRE_FALSE(double_one.ok());
  CHECK(double_one.error().message.find("stands for one that is there") != std::string::npos);
}

namespace {

/// Rows whose best three answers lie so far apart that no instruction set changes their order.
Predictions asked_of_pruned(const Model& model) {
  constexpr std::uint32_t kAsked = 60, kFound = 6, kFeatures = 120;
  Rows rows, clear;
  for (std::uint32_t s = 0; s < kAsked; ++s) {
    std::vector<std::uint32_t> ids;
    for (std::uint32_t i = 0; i < 5; ++i) ids.push_back((s * 11 + i * i * 7 + i) % kFeatures);
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    rows.add(ids, std::vector<float>(ids.size(), 0.5f));
  }
  const Predictions all = must(model.predict(rows.view(), {.k = 4}));
  std::uint32_t found = 0;
  for (std::size_t s = 0; s < kAsked && found < kFound; ++s) {
    bool gaps = true;
    for (std::size_t i = 1; i < 4; ++i) gaps &= all.scores[s * 4 + i - 1] - all.scores[s * 4 + i] > 0.05f;
    if (!gaps) continue;
    clear.add(rows.view().row_ids(s), rows.view().row_values(s));
    ++found;
  }
  REQUIRE(found == kFound);
  return must(model.predict(clear.view(), {.k = 3}));
}

}  // namespace

TEST_CASE("a model file of format version 5 answers what it did when it was written", "[unit][levels]") {
  const Model model = must(Model::load(golden("model_v5.glsd")));
  CHECK(model.shape().labels == 60);
  check_as_written(asked_of_pruned(model), golden("model_v5.txt"));
}

TEST_CASE("write the golden model of format version 5", "[.write-golden]") {
  const TemporaryFolder folder;
  Config config = small_config();
  config.network.hidden = {24};
  config.sparse_rows.fan_in = 16;
  config.sparse_rows.epochs = 1;
  config.candidates.neighbours = 10;
  config.candidates.co_labels = 8;
  const Data data = planted_data(300, 120, 60, 3);
  Model model = make_model(config, data);
  train(model, data, config.training.epochs);
  must(model.save(folder.file("whole.glsd")));
  must(must(Pruner::open(folder.file("whole.glsd"))).write(alike(0.3), "model_v5.glsd"));
  write_answers(asked_of_pruned(must(Model::load("model_v5.glsd"))), "model_v5.txt");
}

}  // namespace glissade::test
