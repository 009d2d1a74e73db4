#include "tests/engine/option_walk.h"

#include <algorithm>
#include <array>
#include <utility>

#include <glissade/words.h>

#include "hashing/seeds.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

using model_file::SectionKind;

constexpr std::uint32_t kWalkItems = 60, kWords = 60;
constexpr std::size_t kRows = 96, kLines = 60;

const Data& rows() {
  static const Data data = planted_data(kRows, kWalkItems, kWalkItems, 5);
  return data;
}

/// Lines about two subjects, and a bag for each word: its own row and one that it shares.
struct Text {
  Text() {
    hashing::Random random(5);
    counts.assign(kWords, 0);
    for (std::size_t line = 0; line < kLines; ++line) {
      if (line > 0) tokens.push_back(TextView::kBreak);
      for (int i = 0; i < 10; ++i) {
        const double u = random.unit();
        tokens.push_back(static_cast<std::uint32_t>(u * u * kWords / 2) + kWords / 2 * (line % 2));
        ++counts[tokens.back()];
      }
    }
    for (std::uint32_t word = 0; word < kWords; ++word) bags.add(std::array{word, kWords + word / 2}, std::array{0.5f, 0.5f});
  }
  TextView view() const { return {tokens, counts, kWords + kWords / 2, bags.view()}; }

  std::vector<std::uint32_t> tokens, counts;
  Rows bags;
};

const Text& text() {
  static const Text made;
  return made;
}

struct Values {
  std::string_view option;
  std::vector<std::string> values;
};

const std::vector<Values>& all_values() {
  static const std::vector<Values> all = {
      {"hidden", {"6", "8,5"}},
      {"precision", {"fp32", "bf16-mixed", "bf16"}},
      {"weighting", {"given", "unit", "tf-idf", "bm25", "scaled", "automatic"}},
      {"loss", {"softmax", "decoupled", "bce", "ns"}},
      {"label-weights", {"equal", "propensity"}},
      {"propensity", {"0.55,1.5", "0.9,0.4", "0,1"}},
      {"activation", {"relu", "linear"}},
      {"active-units", {"0", "2", "4"}},
      {"start", {"random", "centroids"}},
      {"start-length", {"0.5", "3"}},
      {"density", {"1", "0.5", "0.25"}},
      {"sparse-layers", {"all", "input", "hidden", "output"}},
      {"density-rule", {"uniform", "erdos-renyi"}},
      {"topology", {"static", "set", "rigl", "snfs", "snip"}},
      {"topology-period", {"1", "3"}},
      {"topology-share", {"0.5", "0.9"}},
      {"topology-block", {"1", "2", "5"}},
      {"fan-in", {"0", "3", "9"}},
      {"row-epochs", {"0", "1", "3"}},
      {"row-rate", {"0.05", "0.2"}},
      {"row-topology", {"static", "set", "rigl", "snfs"}},
      {"row-growth", {"0.4", "0.9"}},
      {"neighbours", {"0", "3", "20"}},
      {"co-labels", {"0", "1", "5"}},
      {"list-budget", {"1", "15"}},
      {"sparse-weighting", {"given", "idf"}},
      {"weight-samples", {"0", "50"}},
      {"exclude-input", {"off", "on"}},
      {"sibling-rows", {"none", "baskets", "find"}},
      {"name-match", {"off", "on"}},
      {"sampler",
       {"lsh", "lsh-topk", "lsh-threshold", "lsh-label", "lsh-learned", "in-batch", "exact", "uniform", "frequency", "full",
        "lsh:0.3+frequency:0.5", "exact:1"}},
      {"scope", {"shared", "sample"}},
      {"active", {"60%", "32", "48"}},
      {"collisions", {"1", "3"}},
      {"frequency-power", {"0", "1.5"}},
      {"retrieved-share", {"0.1", "0.8"}},
      {"query-every", {"1", "3", "5"}},
      {"fused", {"on", "off"}},
      {"correction", {"on", "off", "rising"}},
      {"hash", {"simhash", "dwta", "wta", "minhash"}},
      {"hash-transform", {"none", "simple"}},
      {"probes", {"1", "3"}},
      {"table-budget", {"0", "4", "60"}},
      {"k", {"1", "2"}},
      {"tables", {"2", "9"}},
      {"bucket-cap", {"0", "1", "3"}},
      {"renew-hash", {"off", "on"}},
      {"rehash", {"fixed", "decaying", "drift"}},
      {"rehash-period", {"16", "48"}},
      {"rehash-growth", {"1.1", "4"}},
      {"rehash-threshold", {"0", "0.05", "2"}},
      {"optimizer", {"adam", "adagrad", "momentum", "sgd"}},
      {"moments", {"fp32", "bf16"}},
      {"second-moment", {"element", "row"}},
      {"learning-rate", {"0.03", "0.005"}},
      {"beta1", {"0.5", "0.8"}},
      {"beta2", {"0.9", "0.99"}},
      {"epsilon", {"0.1", "0.001"}},
      {"clip-norm", {"0", "0.02", "0.1"}},
      {"weight-decay", {"0", "0.5"}},
      {"warmup", {"0", "0.3", "0.6"}},
      {"decay", {"none", "linear", "cosine"}},
      {"average", {"0", "0.3", "0.6"}},
      {"window", {"2", "4"}},
      {"negatives", {"1", "3"}},
      {"min-count", {"1", "2"}},
      {"subsampling", {"0", "0.01", "0.03"}},
      {"min-ngram", {"2", "3"}},
      {"max-ngram", {"0", "5"}},
      {"epochs", {"1", "3"}},
      {"batch", {"8", "24"}},
      {"reference-batch", {"0", "6", "40"}},
      {"accumulate", {"1", "2", "3"}},
      {"parts", {"1", "2", "3"}},
      {"shuffle-block", {"0", "4", "16"}},
      {"loader-threads", {"1", "2"}},
      {"batches", {"shuffled", "similar"}},
      {"feature-dropout", {"0", "0.3", "0.6"}},
      {"hidden-dropout", {"0", "0.3", "0.6"}},
      {"seed", {"2", "3"}},
      {"deterministic", {"off", "on"}},
      {"threads", {"1", "2"}},
  };
  return all;
}

/// Large things made small.
void shrink(Config& config) {
  config.network.hidden = {8};
  config.active_set.size = 40;  // the true labels of a batch are about 20
  config.training.batch = 16;
  config.training.epochs = 2;
  config.run.threads = 1;
  config.rehash.period = 32;
  config.hash_tables.k = 3;
  config.hash_tables.count = 5;
  config.words.min_count = 1;
  if (config.sparse_rows.fan_in != 0) config.sparse_rows.fan_in = 6;
  if (config.candidates.neighbours != 0) config.candidates.neighbours = 8;
  if (config.candidates.co_labels != 0) config.candidates.co_labels = 3;
  if (config.candidates.weight_samples != 0) config.candidates.weight_samples = 70;
  if (config.training.shuffle_block != 0) config.training.shuffle_block = 8;
}

Config plain() {
  Config config;
  shrink(config);
  return config;
}

/// What loss ns insists on.
void fit(Subject& subject) {
  if (subject.config.network.loss != LossKind::ns) return;
  subject.text = true;
  subject.config.network.activation = Activation::linear;
  subject.config.network.storage = Storage::fp32;
  subject.config.optimizer.kind = OptimizerKind::sgd;
}

void set(Subject& subject, std::string_view option, const std::string& value) {
  must(set_option(subject.config, option, value));
  subject.name.append(" ").append(option).append("=").append(value);
}

void add_presets(std::vector<Subject>& all) {
  for (const Preset& preset : presets()) {
    for (const char* loss : {"softmax", "decoupled", "bce", "ns"}) {
      for (const bool is_text : {false, true}) {
        Subject subject{std::string(preset.name) + (is_text ? " text" : " rows"), preset.make(), is_text};
        shrink(subject.config);
        set(subject, "loss", loss);
        fit(subject);
        if (is_text) subject.config.schedule.average = 0;  // refused there
        if (subject.text == is_text) all.push_back(subject);
      }
    }
  }
}

void add_crossed(std::vector<Subject>& all, std::string_view first, std::string_view second, const Subject& start) {
  for (const std::string& a : values_of(first)) {
    for (const std::string& b : second.empty() ? std::vector<std::string>{""} : values_of(second)) {
      Subject subject = start;
      set(subject, first, a);
      if (!second.empty()) set(subject, second, b);
      fit(subject);
      all.push_back(subject);
    }
  }
}

Subject with_paths() {
  Subject subject{"paths", preset("few-rows").value(), false};
  shrink(subject.config);
  return subject;
}

Subject drawn_subject(hashing::Random& random) {
  const auto& presets = glissade::presets();
  const Preset& preset = presets[random.below(presets.size())];
  Subject subject{std::string(preset.name), preset.make(), random.below(4) == 0, true};
  shrink(subject.config);
  for (std::size_t i = 2 + random.below(8); i > 0; --i) {
    const Values& values = all_values()[random.below(all_values().size())];
    if (values.option != "threads") set(subject, values.option, values.values[random.below(values.values.size())]);
  }
  fit(subject);
  return subject;
}

std::string bytes(const Predictions& predictions) {
  const auto as_text = [](const auto& v) {
    return std::string(reinterpret_cast<const char*>(v.data()), v.size() * sizeof(v[0]));
  };
  return as_text(predictions.labels) + as_text(predictions.scores);
}

/// Everything that was learned, and no numbers that only describe the run.
std::string learned_sections(const Model& model) {
  const TemporaryFolder folder;
  must(model.save(folder.file("m.glsd")));
  const auto reader = must(model_file::Reader::open(folder.file("m.glsd")));
  std::string all;
  for (std::uint32_t kind = 5; kind <= 40; ++kind) {
    const auto section = static_cast<SectionKind>(kind);
    if (section == SectionKind::run_notes || section == SectionKind::pass) continue;
    for (std::uint32_t index = 0; index < 64; ++index) {
      if (reader.has(section, index)) all += model_file::text_of(reader.bytes(section, index)) + '|';
    }
  }
  return all;
}

bool train_rows(Model& model) {
  auto trainer = Trainer::create(model, kRows);
  if (!trainer) return false;
  for (std::uint32_t i = 0; i < model.config().training.epochs; ++i) must(trainer->train_epoch(rows().view()));
  return true;
}

bool train_text(Model& model) {
  auto trainer = WordTrainer::create(model, text().view());
  if (!trainer) return false;
  for (std::uint32_t i = 0; i < model.config().training.epochs; ++i) must(trainer->train_epoch());
  return true;
}

}  // namespace

std::optional<Outcome> outcome_of(const Subject& subject) {
  const TextView words = text().view();
  const Shape shape = subject.text ? Shape{words.feature_count, kWords} : Shape{kWalkItems, kWalkItems};
  auto model = Model::create(subject.config, shape);
  if (!model || !(subject.text ? train_text(*model) : train_rows(*model))) return std::nullopt;
  const SparseRows asked = subject.text ? words.bags : rows().x.view();
  Outcome outcome;
  outcome.learned = learned_sections(*model);
  outcome.exact = bytes(must(model->predict(asked, {5, Search::exact, false})));
  outcome.by_tables = bytes(must(model->predict(asked, {5, Search::lsh, false})));
  return outcome;
}

DataFacts facts_of(const Subject& subject) {
  if (subject.text) return {true, false, false, {text().view().feature_count, kWords}, 0};
  return {false, false, false, {kWalkItems, kWalkItems}, kRows};
}

std::vector<std::string> values_of(std::string_view option) {
  const auto entry = std::ranges::find(all_values(), option, &Values::option);
  REQUIRE(entry != all_values().end());
  return entry->values;
}

std::string_view unseen(std::string_view option) {
  if (option == "threads" || option == "loader-threads") return "results do not depend on the number of threads";
  if (option == "propensity") return "PSP@k is made from it, and a loss only with label-weights propensity";
  if (option == "deterministic") return "one thread is deterministic anyway";
  if (option == "min-count" || option == "min-ngram" || option == "max-ngram") return "whoever makes the text reads it";
  if (option == "sibling-rows") return "the rows here are no parts of one thing; siblings_in_training_test.cpp has some";
  return {};
}

std::vector<Subject> subjects(std::size_t drawn, std::uint64_t seed) {
  std::vector<Subject> all;
  add_presets(all);
  add_crossed(all, "sampler", "scope", {"plain", plain(), false});
  add_crossed(all, "optimizer", "precision", {"plain", plain(), false});
  add_crossed(all, "rehash", "hash",
              {"lsh",
               [] {
                 Config c = plain();
                 c.active_set.sampler = SamplerKind::lsh;
                 return c;
               }(),
               false});
  add_crossed(all, "table-budget", "scope",
              {"lsh",
               [] {
                 Config c = plain();
                 c.active_set.sampler = SamplerKind::lsh;
                 return c;
               }(),
               false});
  add_crossed(all, "fan-in", "neighbours", with_paths());
  add_crossed(all, "row-topology", "row-epochs", with_paths());
  const auto half = [] {
    Config c = plain();
    c.connections.density = 0.5;
    c.connections.period = 2;
    return c;
  };
  add_crossed(all, "topology", "sparse-layers", {"half", half(), false});
  add_crossed(all, "topology", "hidden", {"half", half(), false});
  add_crossed(all, "topology-block", "sparse-layers", {"half", half(), false});
  add_crossed(all, "topology", "optimizer", {"half", half(), false});
  add_crossed(all, "start", "batches", {"plain", plain(), false});
  hashing::Random random(hashing::mix(seed));
  for (std::size_t i = 0; i < drawn; ++i) all.push_back(drawn_subject(random));
  return all;
}

}  // namespace glissade::test
