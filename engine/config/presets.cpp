#include <array>
#include <vector>

#include <fmt/format.h>

#include <glissade/options.h>

#include "engine/config/text.h"

namespace glissade {
namespace {

constexpr Propensity kAmazon = {0.6, 2.6}, kWikipedia = {0.5, 0.4};  ///< Jain et al. 2016

/// What the two large extreme-classification sets have in common: the batch and the shared active set are chosen so that the
/// output layer runs as matrix products (1,024 samples x 8,192 labels) instead of gathers.
Config wide_output() {
  Config config;
  config.network.hidden = {128};
  config.network.storage = Storage::bf16_mixed;
  config.network.loss = LossKind::softmax;
  config.active_set.scope = Scope::shared;
  config.active_set.size = 8192;
  config.optimizer.kind = OptimizerKind::adam;
  config.optimizer.learning_rate = 0.01;
  config.training.batch = config.training.reference_batch = 1024;
  config.training.epochs = 5;
  config.training.shuffle_block = 4096;  // 100 MiB of an Amazon-670K that takes 300
  return config;
}

Config amazon_670k_slide() {
  Config config = wide_output();
  config.network.propensity = kAmazon;
  return config;
}

Config wikilsh_325k_slide() {
  Config config = wide_output();
  config.network.propensity = kWikipedia;
  return config;
}

Config text8() {
  Config config;
  config.network.hidden = {200};
  config.network.activation = Activation::linear;
  config.network.storage = Storage::fp32;
  config.network.loss = LossKind::ns;
  config.optimizer.kind = OptimizerKind::sgd;
  config.optimizer.learning_rate = 0.025;
  config.schedule.warmup = 0;
  config.words.min_count = 5;
  config.training.epochs = 5;
  return config;
}

Config text8_slide() {
  Config config;
  config.network.hidden = {200};
  config.network.activation = Activation::linear;
  config.active_set.sampler = SamplerKind::frequency;
  config.active_set.size = 4096;
  config.training.batch = 512;
  config.optimizer.learning_rate = 0.003;
  config.training.epochs = 1;
  return config;
}

/// What the presets by kind of data share: the sparse paths beside a hidden layer.
Config with_sparse_paths() {
  Config config;
  config.network.loss = LossKind::decoupled;
  config.sparse_rows.fan_in = 256;
  config.sparse_rows.epochs = 2;
  config.candidates.weight_samples = 100'000;
  config.candidates.neighbours = 200;
  config.candidates.co_labels = 64;
  config.candidates.sibling_rows = SiblingRows::find;
  return config;
}

/// From yso-finna-en (503,694 titles). Rows that start as centroids know most after one pass; more dropout for the later ones. As
/// much as fits into the time of the fastest label tree that comes near: three fifths of it (3 passes, 1 of the rows, 200
/// neighbours) cost half a point of P@1 and of P@3 on held-out rows.
Config short_text() {
  Config config = with_sparse_paths();
  config.candidates.neighbours = 400;
  config.network.hidden = {512};
  config.network.start = Start::centroids;
  config.network.start_length = 4;
  config.active_set.size = 2048;
  config.training.batch = 512;
  config.optimizer.kind = OptimizerKind::adagrad;
  config.optimizer.learning_rate = 0.07;
  config.schedule.decay = DecayKind::none;  // the mean over half of the steps takes its place
  config.schedule.average = 0.5;
  config.training.epochs = 7;
  config.training.feature_dropout = 0.2;
  config.training.hidden_dropout = 0.4;
  return config;
}

/// From wordnet-related (74,062 glosses): small data can afford more passes, and there Adam from random rows ends higher.
Config few_rows() {
  Config config = with_sparse_paths();
  config.sparse_rows.epochs = 3;
  config.network.hidden = {512};
  config.active_set.size = 2048;
  config.training.batch = 512;
  config.optimizer.learning_rate = 0.02;
  config.training.epochs = 12;
  config.training.feature_dropout = 0.2;
  config.training.hidden_dropout = 0.3;
  return config;
}

/// From arxiv-authors, where labels have a handful of samples and the hidden layer adds little.
Config long_text() {
  Config config = with_sparse_paths();
  config.sparse_rows.epochs = 1;
  config.network.hidden = {256};
  config.network.start = Start::centroids;
  config.network.start_length = 4;
  config.active_set.size = 4096;
  config.training.batch = 512;
  config.active_set.correction = Correction::rising;
  config.optimizer.kind = OptimizerKind::adagrad;
  config.optimizer.learning_rate = 0.15;
  config.training.epochs = 1;
  config.training.feature_dropout = 0.1;
  config.training.hidden_dropout = 0.2;
  return config;
}

/// As choose_preset() chooses for 75 features a row; labels have 4 samples each, as on arxiv-authors.
Config amazon_670k() {
  Config config = long_text();
  config.network.propensity = kAmazon;
  return config;
}

/// Likewise for 42 features a row. Of 1.6 million features each has an input row: half the width, to need no more than SLIDE did.
Config wikilsh_325k() {
  Config config = long_text();
  config.network.hidden = {128};
  config.network.propensity = kWikipedia;
  return config;
}

Config items() {
  Config config = with_sparse_paths();
  config.sparse_rows.epochs = 1;
  config.candidates.weight_samples = 0;  // learned ones find worse neighbours among baskets (bench/peers/RECIPE.md)
  config.candidates.weighting = SparseWeighting::idf;
  config.candidates.exclude_input = true;
  config.network.hidden = {256};
  config.active_set.size = 8192;
  config.training.batch = 512;
  config.optimizer.learning_rate = 0.01;
  config.training.epochs = 2;
  config.training.feature_dropout = 0.2;
  config.training.hidden_dropout = 0.3;
  return config;
}

/// From the last but one items of the users of beauty (131,413 prefixes), which are not trained on. HR@10 / nDCG@10 there: .1079
/// / .0684; with the dropout of few-rows .1070 / .0680, with its 12 passes .1062 / .0679.
Config next_item() {
  Config config = few_rows();
  config.candidates.sibling_rows = SiblingRows::baskets;  // rows of a user are alike, and new rows are the next of such a row
  config.training.epochs = 4;
  config.training.feature_dropout = 0.4;
  config.training.hidden_dropout = 0.5;
  return config;
}

Config plain() { return {}; }

// By held-out rows: docs/frontier.md.
constexpr auto kShortQuick = std::to_array<Preset::Change>({{"hidden", "256"}, {"epochs", "1"}});
constexpr auto kShortBest = std::to_array<Preset::Change>({{"row-epochs", "3"}, {"epochs", "12"}});
constexpr auto kFewQuick = std::to_array<Preset::Change>({{"epochs", "3"}});
constexpr auto kFewBest = std::to_array<Preset::Change>({{"epochs", "24"}});
constexpr auto kLongQuick = std::to_array<Preset::Change>({{"hidden", "64"}});
constexpr auto kLongBest = std::to_array<Preset::Change>({{"row-epochs", "3"}, {"epochs", "2"}});
constexpr auto kItemsQuick = std::to_array<Preset::Change>({{"epochs", "1"}});
constexpr auto kItemsBest = std::to_array<Preset::Change>({{"epochs", "4"}});

constexpr auto kPresets = std::to_array<Preset>({
    {"short-text", "Titles, queries, sentences (less than 30 features a row), many: 512 hidden units beside the sparse paths.",
     short_text, kShortQuick, kShortBest},
    {"few-rows", "Texts, less than 200,000 rows (of 30 features): as short-text, with more passes and more dropout.", few_rows,
     kFewQuick, kFewBest},
    {"long-text",
     "Abstracts, pages (30 features and more), many: sparse paths and a small hidden layer that starts from centroids.",
     long_text, kLongQuick, kLongBest},
    {"items", "Items that go with items (features and labels are the same things): sparse rows by inverse document frequency.",
     items, kItemsQuick, kItemsBest},
    {"next-item", "Sequences of items in the order of time (--format sequence): as few-rows, with fewer passes and more dropout.",
     next_item},
    {"plain", "The defaults of the single options: a hidden layer of 128 units alone.", plain},
    {"amazon-670k", "Amazon-670K (490,449 samples, 670,091 labels) and data of its shape: as long-text.", amazon_670k, kLongQuick,
     kLongBest},
    {"wikilsh-325k", "WikiLSHTC-325K (1,778,351 samples, 325,056 labels) and data of its shape: as long-text, 128 hidden units.",
     wikilsh_325k, kLongQuick, kLongBest},
    {"amazon-670k-slide", "Amazon-670K as SLIDE has it: 128 hidden units alone, from random rows, large shared active sets.",
     amazon_670k_slide},
    {"wikilsh-325k-slide", "WikiLSHTC-325K likewise.", wikilsh_325k_slide},
    {"text8", "Word vectors from a running text such as Text8: skip-gram with 5 negatives, 200 units, windows of 5, as word2vec.",
     text8},
    {"text8-slide",
     "The same text as SLIDE's experiment has it: every word, 200 units, softmax over an active set, batches of 512.",
     text8_slide},
});

Result<Config> with_effort(const Preset& preset, Effort effort) {
  Config config = preset.make();
  if (effort == Effort::usual) return config;
  if (!preset.has_efforts()) {
    return usage_error(
        fmt::format("preset {} has no effort but the default; set its options, such as --epochs, one by one", preset.name));
  }
  for (const auto& [option, text] : effort == Effort::quick ? preset.quick : preset.best) {
    if (auto set = set_option(config, option, text); !set) return set.error();
  }
  return config;
}

}  // namespace

std::span<const Preset> presets() { return kPresets; }

Result<Config> preset(std::string_view name, Effort effort) {
  std::vector<std::string_view> known;
  for (const Preset& preset : kPresets) {
    if (preset.name == name) return with_effort(preset, effort);
    known.push_back(preset.name);
  }
  return usage_error("unknown preset " + config::quoted(name) + config::suggestion(name, known));
}

}  // namespace glissade
