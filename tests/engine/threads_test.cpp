// "Any number of threads": what says so is run with one, two, three and more of them, and gives the same bytes.
#include <catch2/catch.hpp>

#include <vector>

#include "engine/ranking/co_labels.h"
#include "engine/ranking/ranked_paths.h"
#include "engine/ranking/ranker.h"
#include "engine/sparse_rows/label_rows.h"
#include "engine/sparse_rows/weight_learning.h"
#include "tests/engine/models.h"
#include "tests/engine/threads.h"

namespace glissade::test {
namespace {

template <class T>
std::vector<T> copy_of(const Array<T>& array) {
  return {array.data(), array.data() + array.size()};
}

bool same(const SparseMatrix& a, const SparseMatrix& b) {
  return copy_of(a.offsets) == copy_of(b.offsets) && copy_of(a.ids) == copy_of(b.ids) && copy_of(a.values) == copy_of(b.values);
}

RankingExamples drawn_examples(std::size_t samples) {
  RankingExamples examples;
  hashing::Random random(4);
  for (std::size_t i = 0; i < samples; ++i) {
    std::vector<CandidateFeatures> features(2 + random.below(30));
    std::vector<float> targets(features.size());
    for (CandidateFeatures& each : features) {
      for (float& term : each) term = static_cast<float>(random.unit());
    }
    targets[random.below(targets.size())] = 1.f;
    examples.add(features, std::vector<std::uint32_t>(features.size()), targets);
  }
  return examples;
}

}  // namespace

TEST_CASE("a ranker is the same with any number of threads", "[unit]") {
  const RankingExamples examples = drawn_examples(500);
  const auto fit = [&] { return copy_of(Ranker::fit(examples, LinearRanker::start(), 7).weights); };
  const std::vector<float> one = with_threads(1, fit);
  for (const int threads : kThreadCounts) {
    CAPTURE(threads);
    CHECK((with_threads(threads, fit) == one));
  }
}

TEST_CASE("sparse paths are the same with any number of threads", "[unit]") {
  const Data data = planted_data(2600, 500, 700, 3);  // several blocks of samples, of labels and of a batch
  Config config;
  config.sparse_rows.fan_in = 24;
  config.sparse_rows.epochs = 3;
  config.sparse_rows.topology = GENERATE(RowTopology::fixed, RowTopology::rigl, RowTopology::set, RowTopology::snfs);
  config.candidates.neighbours = 10;
  config.candidates.co_labels = 8;
  config.candidates.weight_samples = 800;
  const auto build = [&] { return build_paths(config, data.view(), all_rows(data)); };
  const RankedPaths one = with_threads(1, build);
  for (const int threads : kThreadCounts) {
    CAPTURE(threads);
    const RankedPaths paths = with_threads(threads, build);
    CHECK((copy_of(paths.label_rows.weights.weights) == copy_of(one.label_rows.weights.weights)));
    CHECK(same(paths.label_rows.rows, one.label_rows.rows));
    CHECK(same(paths.neighbours.samples, one.neighbours.samples));
    CHECK(same(paths.co_labels, one.co_labels));
  }
}

TEST_CASE("a whole training is the same with any number of threads", "[unit]") {
  const Data data = planted_data(1200, 300, 120, 3);
  Config config = small_config();
  if (GENERATE(true, false)) {
    config.sparse_rows.fan_in = 32;
    config.sparse_rows.epochs = 2;
    config.candidates.neighbours = 20;
    config.candidates.co_labels = 8;
    config.candidates.weight_samples = 500;
  }
  config.training.epochs = 2;
  // Without it there are no more threads than cores, whatever an arena asks for.
  const tbb::global_control room(tbb::global_control::max_allowed_parallelism, 8);
  std::string one;
  for (const int threads : kThreadCounts) {
    CAPTURE(threads);
    config.run.threads = static_cast<std::uint32_t>(threads);
    Model model = make_model(config, data);
    train(model, data, config.training.epochs);
    const std::string bytes = saved(model);
    if (one.empty()) one = bytes;
    CHECK((bytes == one));
  }
}

}  // namespace glissade::test
