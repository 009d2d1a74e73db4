#include <array>
#include <vector>

#include <glissade/options.h>

#include "engine/config/text.h"

namespace glissade {
namespace {

/// What the two large extreme-classification sets have in common: the batch and the shared active set are chosen so that the
/// output layer runs as matrix products (1,024 samples x 8,192 labels) instead of gathers.
Config wide_output() {
  Config config;
  config.hidden = {128};
  config.storage = Storage::bf16_mixed;
  config.loss = LossKind::softmax;
  config.scope = Scope::shared;
  config.active = 8192;
  config.optimizer = OptimizerKind::adam;
  config.learning_rate = 0.01;
  config.batch = 1024;
  config.epochs = 5;
  config.shuffle_block = 4096;  // 100 MiB of an Amazon-670K that takes 300
  return config;
}

Config amazon_670k() { return wide_output(); }

Config wikilsh_325k() { return wide_output(); }

Config text8() {
  Config config;
  config.hidden = {200};
  config.activation = Activation::linear;
  config.storage = Storage::fp32;
  config.loss = LossKind::ns;
  config.optimizer = OptimizerKind::sgd;
  config.learning_rate = 0.025;
  config.warmup = 0;
  config.min_count = 5;
  config.epochs = 5;
  return config;
}

Config text8_slide() {
  Config config;
  config.hidden = {200};
  config.activation = Activation::linear;
  config.sampler = SamplerKind::frequency;
  config.active = 4096;
  config.batch = 512;
  config.learning_rate = 0.003;
  config.epochs = 1;
  return config;
}

/// What the presets by kind of data share: the sparse paths beside a hidden layer.
Config with_sparse_paths() {
  Config config;
  config.loss = LossKind::decoupled;
  config.fan_in = 256;
  config.row_epochs = 2;
  config.weight_samples = 100'000;
  config.neighbours = 200;
  config.co_labels = 64;
  return config;
}

/// From yso-finna-en (503,694 titles). Rows that start as centroids know most after one pass; more dropout for the later ones. As
/// much as fits into the time of the fastest label tree that comes near: three fifths of it (3 passes, 1 of the rows, 200
/// neighbours) cost half a point of P@1 and of P@3 on held-out rows.
Config short_text() {
  Config config = with_sparse_paths();
  config.neighbours = 400;
  config.hidden = {512};
  config.start = Start::centroids;
  config.start_length = 4;
  config.active = 2048;
  config.batch = 512;
  config.optimizer = OptimizerKind::adagrad;
  config.learning_rate = 0.07;
  config.decay = DecayKind::none;  // the mean over half of the steps takes its place
  config.average = 0.5;
  config.epochs = 7;
  config.feature_dropout = 0.2;
  config.hidden_dropout = 0.4;
  return config;
}

/// From wordnet-related (74,062 glosses): small data can afford more passes, and there Adam from random rows ends higher.
Config few_rows() {
  Config config = with_sparse_paths();
  config.row_epochs = 3;
  config.hidden = {512};
  config.active = 2048;
  config.batch = 512;
  config.learning_rate = 0.02;
  config.epochs = 12;
  config.feature_dropout = 0.2;
  config.hidden_dropout = 0.3;
  return config;
}

/// From arxiv-authors, where labels have a handful of samples and the hidden layer adds little.
Config long_text() {
  Config config = with_sparse_paths();
  config.row_epochs = 1;
  config.hidden = {256};
  config.start = Start::centroids;
  config.start_length = 4;
  config.active = 4096;
  config.batch = 512;
  config.correction = Correction::rising;
  config.optimizer = OptimizerKind::adagrad;
  config.learning_rate = 0.15;
  config.epochs = 1;
  config.feature_dropout = 0.1;
  config.hidden_dropout = 0.2;
  return config;
}

Config items() {
  Config config = with_sparse_paths();
  config.row_epochs = 1;
  config.weight_samples = 0;  // learned ones find worse neighbours among baskets (bench/peers/RECIPE.md)
  config.sparse_weighting = SparseWeighting::idf;
  config.exclude_input = true;
  config.hidden = {256};
  config.active = 8192;
  config.batch = 512;
  config.learning_rate = 0.01;
  config.epochs = 2;
  config.feature_dropout = 0.2;
  config.hidden_dropout = 0.3;
  return config;
}

Config plain() { return {}; }

constexpr auto kPresets = std::to_array<Preset>({
    {"short-text", "Titles, queries, sentences (less than 30 features a row): 512 hidden units beside the sparse paths.",
     short_text},
    {"few-rows", "Short texts, less than 200,000 rows of them: as short-text, with more passes and more dropout.", few_rows},
    {"long-text", "Abstracts, pages (30 features and more): sparse paths and a small hidden layer that starts from centroids.",
     long_text},
    {"items", "Items that go with items (features and labels are the same things): sparse rows by inverse document frequency.",
     items},
    {"plain", "The defaults of the single options: a hidden layer of 128 units alone.", plain},
    {"amazon-670k",
     "Amazon-670K (490,449 samples, 670,091 labels) and data of its shape: 128 hidden units as in SLIDE, large shared active "
     "sets.",
     amazon_670k},
    {"wikilsh-325k", "WikiLSHTC-325K (1,778,351 samples, 325,056 labels) and data of its shape: as amazon-670k.", wikilsh_325k},
    {"text8", "Word vectors from a running text such as Text8: skip-gram with 5 negatives, 200 units, windows of 5, as word2vec.",
     text8},
    {"text8-slide",
     "The same text as SLIDE's experiment has it: every word, 200 units, softmax over an active set, batches of 512.",
     text8_slide},
});

}  // namespace

std::span<const Preset> presets() { return kPresets; }

Result<Config> preset(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Preset& preset : kPresets) {
    if (preset.name == name) return preset.make();
    known.push_back(preset.name);
  }
  return usage_error("unknown preset " + config::quoted(name) + config::suggestion(name, known));
}

}  // namespace glissade
