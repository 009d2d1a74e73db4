// Word vectors: samples of a text, skip-gram with negatives, the same text through the engine's steps, questions.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include <glissade/options.h>
#include <glissade/words.h>

#include "engine/words/subsampling.h"
#include "engine/words/word_inputs.h"
#include "hashing/seeds.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

constexpr std::uint32_t kBreak = TextView::kBreak;

/// A text about two subjects: lines of words 0 .. 9 and lines of words 10 .. 19. With `pieces` a word has a second feature,
/// shared with one word of its own subject.
struct TextWorld {
  explicit TextWorld(bool pieces = false, std::size_t lines = 600) {
    hashing::Random random(5);
    counts.assign(20, 0);
    for (std::size_t line = 0; line < lines; ++line) {
      if (line > 0) tokens.push_back(kBreak);
      for (int i = 0; i < 12; ++i) {
        tokens.push_back(static_cast<std::uint32_t>(random.below(10) + 10 * (line % 2)));
        ++counts[tokens.back()];
      }
    }
    offsets.push_back(0);
    for (std::uint32_t word = 0; word < 20; ++word) {
      ids.push_back(word);
      if (pieces) ids.push_back(20 + word / 2);
      offsets.push_back(ids.size());
      values.resize(ids.size(), pieces ? 0.5f : 1.f);
    }
    features = pieces ? 30 : 20;
  }
  TextView view() const { return {tokens, counts, features, {offsets, ids, values}}; }
  Shape shape() const { return {features, 20}; }

  std::vector<std::uint32_t> tokens, counts, ids;
  std::vector<std::uint64_t> offsets;
  std::vector<float> values;
  std::uint32_t features;
};

Config words_config(LossKind loss) {
  Config config = small_config();
  config.network.activation = Activation::linear;
  config.network.loss = loss;
  config.words.subsampling = 0;
  config.words.window = 3;
  config.training.epochs = 3;
  if (loss != LossKind::ns) return config;
  config.network.storage = Storage::fp32;
  config.optimizer.kind = OptimizerKind::sgd;
  config.optimizer.learning_rate = 0.1;
  config.schedule.warmup = 0;
  return config;
}

Model trained(const Config& config, const TextWorld& world) {
  Model model = must(Model::create(config, world.shape()));
  const TextView text = world.view();
  WordTrainer trainer = must(WordTrainer::create(model, text));
  double before = 1e30;
  for (std::uint32_t epoch = 0; epoch < config.training.epochs; ++epoch) {
    const EpochReport report = must(trainer.train_epoch());
    CHECK(report.samples == world.tokens.size());
    CHECK(report.loss < before);
    before = report.loss;
  }
  return model;
}

/// Mean cosine of words of one subject, less that of words of different ones.
double separation(const WordVectors& vectors) {
  double within = 0, between = 0;
  for (std::uint32_t a = 0; a < 20; ++a) {
    for (std::uint32_t b = 0; b < 20; ++b) {
      if (a != b) (a / 10 == b / 10 ? within : between) += vectors.cosine(a, b);
    }
  }
  return within / (20 * 9) - between / (20 * 10);
}

bool same_vectors(const WordVectors& a, const WordVectors& b) {
  return std::memcmp(a.vector(0).data(), b.vector(0).data(), a.size() * a.width() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("words with their contexts as samples, within lines", "[unit]") {
  TextWorld world;
  world.tokens = {3, 4, 4, 5, kBreak, 6, kBreak, 7, 8};
  const ContextSamples samples = context_samples(world.view(), 2);
  const DatasetView view = samples.view();
  REQUIRE(view.size() == 6);  // 6 stands alone
  const auto labels = [&](std::size_t row) {
    const auto ids = view.labels.row_ids(row);
    return std::vector<std::uint32_t>(ids.begin(), ids.end());
  };
  CHECK(view.features.row_ids(0)[0] == 3);
  CHECK(labels(0) == std::vector<std::uint32_t>{4});
  CHECK(labels(1) == std::vector<std::uint32_t>{3, 4, 5});
  CHECK(labels(3) == std::vector<std::uint32_t>{4});
  CHECK(labels(4) == std::vector<std::uint32_t>{8});
  CHECK(labels(5) == std::vector<std::uint32_t>{7});
}

TEST_CASE("subsampling keeps the share that word2vec keeps", "[property]") {
  const std::vector<std::uint32_t> counts = {900'000, 99'000, 1'000};
  const Subsampling sampling(counts, 1e-3);
  double expected = 0;
  for (std::uint32_t word = 0; word < 3; ++word) {
    const double part = 1e-3 / (counts[word] / 1e6), keep = std::min(1.0, std::sqrt(part) + part);
    expected += keep * counts[word];
    std::uint64_t kept = 0;
    for (std::uint64_t place = 0; place < 100'000; ++place) kept += sampling.keeps(word, 77, place) ? 1 : 0;
    CHECK(static_cast<double>(kept) / 1e5 == Approx(keep).margin(0.006));
  }
  CHECK(sampling.expected() == Approx(expected));
  const Subsampling none(counts, 0);
  CHECK(none.expected() == 1e6);
  CHECK(none.keeps(0, 1, 2));
}

TEST_CASE("a word of several features is their mean, and each of them moves as it moved", "[unit]") {
  ParameterRows::Options options;
  options.storage = Storage::fp32;
  options.trainable = false;
  options.with_bias = false;
  ParameterRows rows(4, 8, options);
  rows.randomize(1, 3);
  const auto row = [&](std::size_t i) {
    return std::vector<float>(rows.weights.data() + i * rows.stride(), rows.weights.data() + i * rows.stride() + 8);
  };
  const std::vector<std::uint64_t> offsets = {0, 1, 3};
  const std::vector<std::uint32_t> ids = {0, 1, 3};
  const std::vector<float> values = {1, 0.5f, 0.5f};
  WordInputs inputs(rows, {offsets, ids, values}, 2);
  inputs.enter(7, 0);
  inputs.enter(8, 1);
  CHECK(inputs.vector(7) == rows.weights.data());
  const auto one = row(1), three = row(3), two = row(2);
  for (std::size_t d = 0; d < 8; ++d) CHECK(inputs.vector(8)[d] == Approx((one[d] + three[d]) / 2).margin(1e-6));
  for (std::size_t d = 0; d < 8; ++d) inputs.vector(8)[d] += 0.25f * static_cast<float>(d);
  inputs.leave(7, 0);
  inputs.leave(8, 1);
  for (std::size_t d = 0; d < 8; ++d) {
    CHECK(row(1)[d] == Approx(one[d] + 0.25 * static_cast<double>(d)).margin(1e-6));
    CHECK(row(3)[d] == Approx(three[d] + 0.25 * static_cast<double>(d)).margin(1e-6));
  }
  CHECK(row(2) == two);
}

TEST_CASE("words of one subject come together, with every loss, with and without pieces", "[levels]") {
  const bool pieces = GENERATE(false, true);
  const auto loss = GENERATE(LossKind::ns, LossKind::softmax, LossKind::bce);
  CAPTURE(pieces, static_cast<int>(loss));
  const TextWorld world(pieces);
  const Model model = trained(words_config(loss), world);
  const WordVectors vectors = must(WordVectors::create(model, world.view().bags));
  CHECK(separation(vectors) > 0.5);
  CHECK(model.epochs_done() == 3);
  CHECK(model.label_counts()[3] == world.counts[3]);
}

TEST_CASE("one thread and one seed give one set of vectors", "[levels]") {
  const auto loss = GENERATE(LossKind::ns, LossKind::softmax);
  const TextWorld world(true);
  Config config = words_config(loss);
  config.words.subsampling = 0.02;
  const auto vectors = [&] { return must(WordVectors::create(trained(config, world), world.view().bags)); };
  const WordVectors first = vectors();
  CHECK(same_vectors(first, vectors()));
  config.run.seed = 8;
  CHECK_FALSE(same_vectors(first, vectors()));
}

TEST_CASE("several threads without locks learn the same things", "[unit]") {
  const TextWorld world(true, 20'000);
  Config config = words_config(LossKind::ns);
  config.run.threads = 2;
  config.training.epochs = 1;
  const Model model = trained(config, world);
  CHECK(separation(must(WordVectors::create(model, world.view().bags))) > 0.5);
}

TEST_CASE("many negatives go in groups", "[unit]") {
  const TextWorld world;
  Config config = words_config(LossKind::ns);
  config.words.negatives = 40;
  CHECK(separation(must(WordVectors::create(trained(config, world), world.view().bags))) > 0.5);
}

TEST_CASE("training that was stopped between epochs goes on as if it had not been", "[unit]") {
  const auto loss = GENERATE(LossKind::ns, LossKind::softmax);
  const TextWorld world;
  const Config config = words_config(loss);
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/m.glsd";
  const TextView text = world.view();
  Model model = must(Model::create(config, world.shape()));
  {
    WordTrainer trainer = must(WordTrainer::create(model, text));
    must(trainer.train_epoch());
    must(model.save(path));
  }
  Model resumed = must(Model::load(path, LoadFor::training));
  WordTrainer trainer = must(WordTrainer::create(resumed, text));
  must(trainer.train_epoch());
  must(trainer.train_epoch());
  CHECK(
      same_vectors(must(WordVectors::create(resumed, text.bags)), must(WordVectors::create(trained(config, world), text.bags))));
}

TEST_CASE("a training of words goes on with its own text only", "[unit]") {
  const TextWorld world, longer(false, 5'000);
  TextWorld changed;
  std::swap(changed.tokens.front(), changed.tokens.back());
  changed.tokens[1] = (changed.tokens[1] + 1) % 20;
  Model model = must(Model::create(words_config(LossKind::ns), world.shape()));
  must(must(WordTrainer::create(model, world.view())).train_epoch());
  CHECK(model.data_fingerprint() != 0);
  must(WordTrainer::create(model, world.view()));
  for (const TextWorld* other : {&longer, static_cast<const TextWorld*>(&changed)}) {
    CHECK_THAT(WordTrainer::create(model, other->view()).error().message,
               Catch::Matchers::StartsWith("the model was trained on another text ("));
  }
}

TEST_CASE("words that start from another model's vectors keep them", "[unit]") {
  const TextWorld world;
  Config config = words_config(LossKind::ns);
  Model former = must(Model::create(config, world.shape()));
  must(must(WordTrainer::create(former, world.view())).train_epoch());
  Model warm = must(Model::create_from(former, config, world.shape()));
  const WordTrainer trainer = must(WordTrainer::create(warm, world.view()));
  CHECK(all_weights(warm) == all_weights(former));
}

TEST_CASE("a callback stops an epoch, which then does not count", "[unit]") {
  const TextWorld world(false, 200'000);
  Model model = must(Model::create(words_config(LossKind::ns), world.shape()));
  const TextView text = world.view();
  WordTrainer trainer = must(WordTrainer::create(model, text));
  int calls = 0;
  must(trainer.train_epoch([&](const Progress& progress) {
    CHECK(progress.samples_total == world.tokens.size());
    return ++calls < 1;
  }));
  if (calls > 0) CHECK(model.epochs_done() == 0);
}

TEST_CASE("a rate that is too high is named", "[unit]") {
  const TextWorld world;
  Config config = words_config(LossKind::ns);
  config.optimizer.learning_rate = 100;
  config.training.epochs = 1;
  Model model = must(Model::create(config, world.shape()));
  WordTrainer trainer = must(WordTrainer::create(model, world.view()));
  const auto report = trainer.train_epoch();
  // Sigmoids bound the gradient, so that not every machine gets to infinity here.
  if (!report)
    CHECK(report.error().message == "the loss is no longer a finite number in epoch 1; use a lower learning rate than 100");
}

TEST_CASE("an epoch in which no pair of words is left to learn from is an error, and no loss of 0", "[unit]") {
  const TextWorld world(false, 2);
  Config config = words_config(GENERATE(LossKind::ns, LossKind::softmax));
  config.words.subsampling = 1e-12;
  Model model = must(Model::create(config, world.shape()));
  WordTrainer trainer = must(WordTrainer::create(model, world.view()));
  const auto report = trainer.train_epoch();
  REQUIRE_FALSE(report);
  CHECK(report.error().message == "no pair of words was left to learn from in an epoch; use a longer text, or subsampling 0");
  CHECK(model.epochs_done() == 0);
}

TEST_CASE("texts and models that do not fit are refused", "[unit]") {
  const TextWorld world, other(true);
  Model model = must(Model::create(words_config(LossKind::ns), world.shape()));
  CHECK(
      WordTrainer::create(model, other.view()).error().message ==
      "a text of 20 words with 30 features does not fit a model of 20 labels and 20 features; use the text that it was made for");
  Config averaging = words_config(LossKind::ns);
  averaging.schedule.average = 0.5;
  Model averaged = must(Model::create(averaging, world.shape()));
  CHECK(WordTrainer::create(averaged, world.view()).error().message ==
        "option 'average': words are not averaged over steps; use average 0");
  CHECK(Trainer::create(model, 10).error().message ==
        "option 'loss': 'ns' is out of place, the data are no running text; use softmax or bce");
  CHECK(WordVectors::create(model, other.view().bags).error().message ==
        "feature row 0: an id is not below 20, it is 20; state the right feature count, and use data made for this model");
}

TEST_CASE("what negative sampling does not do is refused", "[unit]") {
  const auto message = [](const char* option, const char* value) {
    Config config = words_config(LossKind::ns);
    must(set_option(config, option, value));
    return validate(config, {20, 20}).error().message;
  };
  CHECK(message("storage", "bf16") == "option 'precision': 'bf16' does not go with loss ns; use fp32");
  CHECK(message("optimizer", "adam") == "option 'optimizer': 'adam' does not go with loss ns; use sgd");
  CHECK(message("activation", "relu") == "option 'activation': 'relu' does not go with loss ns; use linear");
  CHECK(message("hidden", "8,8") == "option 'hidden': '2 layers' does not go with loss ns; use one layer");
  CHECK(message("density", "0.5") == "option 'density': '0.5' does not go with loss ns; use 1");
  CHECK(message("max-ngram", "2") ==
        "option 'max-ngram': '2' is less than min-ngram, 3; allowed: 0 for no n-grams, or at least min-ngram");
}

TEST_CASE("nearest words and analogies", "[unit]") {
  // a, a', b, b' on a plane, where b - a = b' - a'; and a vector of 0.
  const WordVectors vectors({1, 0, 0.9f, 0.1f, 0, 2, -0.1f, 0.9f, 0, 0}, 2);
  CHECK(vectors.size() == 5);
  CHECK(vectors.cosine(0, 2) == 0);
  CHECK(vectors.cosine(0, 4) == 0);
  const std::uint32_t itself[] = {0};
  const auto found = vectors.nearest(vectors.vector(0), 2, itself);
  REQUIRE(found.size() == 2);
  CHECK(found[0].word == 1);
  CHECK(found[0].cosine == Approx(0.9 / std::sqrt(0.82)));
  CHECK(vectors.nearest(vectors.vector(0), 9, {}, 3).size() == 3);
  const WordVectors::Analogy right{0, 2, 1, 3}, wrong{0, 2, 1, 4};
  CHECK(vectors.solve(std::vector{right, wrong, right}, 5) == std::vector<char>{1, 0, 1});
  CHECK(vectors.solve(std::vector{right}, 3) == std::vector<char>{0});
}

TEST_CASE("rank correlation, ties included", "[unit]") {
  const std::vector<double> a = {1, 2, 3, 4, 5}, b = {2, 4, 6, 8, 100}, c = {5, 4, 3, 2, 1}, tied = {1, 1, 2, 2, 3},
                            flat = {1, 1, 1, 1, 1};
  CHECK(rank_correlation(a, b) == Approx(1));
  CHECK(rank_correlation(a, c) == Approx(-1));
  CHECK(rank_correlation(a, tied) == Approx(0.9486832980505138));
  CHECK(rank_correlation(a, flat) == 0);
}

TEST_CASE("linear units pass what is negative, forward and backward", "[unit]") {
  Activations out;
  out.resize(1, 4, false);
  const float sums[] = {-1, 2, 0, -3};
  std::copy_n(sums, 4, out.row(0));
  activate(out, Activation::linear, 0, 1);
  CHECK(std::equal(sums, sums + 4, out.row(0)));
  std::vector<float> gradient(out.stride, 1.f);
  activate_backward(out, Activation::linear, 0, gradient.data());
  CHECK(gradient[0] == 1);
  CHECK(gradient[2] == 1);
  activate(out, Activation::linear, 0.5, 1);
  std::fill(gradient.begin(), gradient.end(), 1.f);
  activate_backward(out, Activation::linear, 0.5, gradient.data());
  for (std::size_t j = 0; j < 4; ++j) CHECK(gradient[j] == (out.row(0)[j] != 0 ? 2.f : 0.f));
}

}  // namespace glissade::test
