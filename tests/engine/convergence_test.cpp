// The shipped sample, trained for a few epochs: the pieces together learn real data.

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

#include <glissade/metrics.h>

#include "datasets/read.h"
#include "tests/engine/models.h"

namespace glissade::test {
namespace {

datasets::Dataset read_sample(const std::string& name) {
  datasets::ReadOptions options;
  options.use_cache = false;
  return must(datasets::read_dataset(std::string(GLISSADE_SOURCE_ROOT) + "/datasets/samples/wordnet/" + name, options));
}

/// P@1 of always answering the most frequent training label.
double popularity_baseline(const Model& model, const DatasetView& test) {
  const auto counts = model.label_counts();
  const auto popular = static_cast<std::uint32_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
  std::size_t hits = 0;
  for (std::size_t s = 0; s < test.size(); ++s)
    hits += static_cast<std::size_t>(std::ranges::count(test.labels.row_ids(s), popular));
  return static_cast<double>(hits) / static_cast<double>(test.size());
}

}  // namespace

TEST_CASE("the shipped sample is learnt with uniform and with hashed active sets", "[slow]") {
#ifdef __SANITIZE_THREAD__
  WARN("skipped: minutes under ThreadSanitizer");
  return;
#else
  const datasets::Dataset training = read_sample("train.txt.zst"), test = read_sample("test.txt.zst");
  for (const auto sampler : {SamplerKind::uniform, SamplerKind::lsh}) {
    Config config;
    config.network.hidden = {64};
    config.active_set.sampler = sampler;
    config.active_set.size = 1024;
    config.hash_tables.count = 12;
    config.hash_tables.k = 6;
    config.optimizer.learning_rate = 0.01;
    config.training.batch = 256;
    config.training.epochs = 4;
    config.run.seed = 3;
    Model model = must(Model::create(config, {training.view().feature_count, training.view().label_count}));
    Trainer trainer = must(Trainer::create(model, training.view().size()));
    double loss = 1e9, seconds = 0;
    for (std::uint32_t epoch = 0; epoch < config.training.epochs; ++epoch) {
      const EpochReport report = must(trainer.train_epoch(training.view()));
      REQUIRE(report.loss < loss);
      loss = report.loss;
      seconds += report.train_seconds;
    }
    const Evaluation exact = must(evaluate(model, test.view()));
    const double baseline = popularity_baseline(model, test.view());
    const double p1 = exact.metrics.precision[0];
    CAPTURE(static_cast<int>(sampler), p1, exact.metrics.psp[0], baseline, loss, seconds);
    REQUIRE(baseline < 0.02);
    REQUIRE(p1 > 10 * baseline);
    const Evaluation hashed = must(evaluate(model, test.view(), {.search = Search::lsh}));
    CAPTURE(hashed.metrics.precision[0], hashed.candidates_share);
    REQUIRE(hashed.candidates_share < 0.3);
    REQUIRE(hashed.metrics.precision[0] > 0.7 * p1);
  }
#endif
}

}  // namespace glissade::test
