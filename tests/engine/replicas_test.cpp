// Ranks that each have the whole model answer together what one process answers.
#include <glissade/replicas.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <glissade/metrics.h>

#include "tests/engine/thread_transport.h"
#include "tests/engine/vector_data.h"

namespace glissade::test {
namespace {

/// body(replicas) as rank 0, while the others serve the model. Their errors, by rank.
template <class Body>
std::vector<std::string> with_replicas(int size, const Model& model, const Body& body) {
  std::vector<std::string> errors(static_cast<std::size_t>(size));
  ThreadRanks(size).run([&](Communicator& ranks) {
    Replicas replicas(ranks);
    if (ranks.rank() == 0) {
      body(replicas);
      must(replicas.end());
    } else if (auto served = replicas.serve(model); !served) {
      errors[static_cast<std::size_t>(ranks.rank())] = served.error().message;
    }
  });
  return errors;
}

/// Products are rounded by how many rows go at once.
constexpr double kRounding = 1e-4;

void check_alike(const Predictions& found, const Predictions& expected) {
  CHECK(found.k == expected.k);
  CHECK(found.labels == expected.labels);
  REQUIRE(found.scores.size() == expected.scores.size());
  double apart = 0;
  for (std::size_t i = 0; i < found.scores.size(); ++i)
    apart = std::max(apart, std::abs(1.0 * found.scores[i] - expected.scores[i]));
  CHECK(apart < kRounding);
  CHECK(found.candidates == expected.candidates);
  CHECK(found.fallbacks == expected.fallbacks);
}

}  // namespace

TEST_CASE("ranks that have the same model answer what one process answers", "[unit]") {
  const VectorData data = with_vectors(planted_data(37, 30, 40, 4), 5, 3);
  Config config = small_config();
  const bool paths = GENERATE(false, true);
  if (paths) config.candidates.neighbours = 5;
  const bool vectors = GENERATE(false, true);
  Model model = vectors ? made(config, data) : make_model(config, data.data);
  Trainer trainer = must(Trainer::create(model, data.data.size()));
  const DatasetView view = vectors ? data.view() : data.data.view();
  must(trainer.train_epoch(view));
  for (const int size : {1, 2, 3, 5}) {
    CAPTURE(size, vectors, paths);
    const auto errors = with_replicas(size, model, [&](Replicas& replicas) {
      PredictOptions options;
      for (const std::size_t rows : {37, 4, 1}) {  // also fewer than there are ranks
        for (const bool probabilities : {false, true}) {
          options.k = static_cast<std::uint32_t>(rows % 7 + 1);
          options.probabilities = probabilities;
          const InputRows piece = view.inputs().piece(37 - rows, rows);
          check_alike(must(replicas.predict(model, piece, options)), must(model.predict(piece, options)));
        }
      }
      SparseRows all_ones = view.features;
      all_ones.values = {};
      options.search = Search::exact;
      check_alike(must(replicas.predict(model, {all_ones, view.vectors}, options)),
                  must(model.predict({all_ones, view.vectors}, options)));
      EvaluateOptions together;
      together.replicas = &replicas;
      const Evaluation shared = must(evaluate(model, view, together)), alone = must(evaluate(model, view));
      CHECK(shared.metrics.precision == alone.metrics.precision);
      CHECK(shared.metrics.psp == alone.metrics.psp);
      CHECK(shared.candidates_share == alone.candidates_share);
    });
    CHECK(errors == std::vector<std::string>(static_cast<std::size_t>(size)));
  }
}

TEST_CASE("vectors that some rows lack, in an order of their own, reach the rank that answers", "[unit]") {
  const VectorData data = with_vectors(planted_data(6, 30, 40, 4), 5, 3);
  const Model model = made(small_config(), data);
  const std::vector<std::uint32_t> places = {5, DenseRows::kNone, 0, 0, DenseRows::kNone, 3};
  InputRows rows = data.view().inputs();
  rows.vectors.places = places;
  const auto errors = with_replicas(
      3, model, [&](Replicas& replicas) { check_alike(must(replicas.predict(model, rows)), must(model.predict(rows))); });
  CHECK(errors == std::vector<std::string>(3));
}

TEST_CASE("what another rank cannot answer is told, and the ranks go on", "[unit]") {
  const Data data = planted_data(8, 30, 40, 4);
  const Model model = make_model(small_config(), data);
  std::vector<std::uint32_t> ids(data.view().features.ids.begin(), data.view().features.ids.end());
  ids.back() = 77;  // of the last row: a feature that the model does not have
  const SparseRows broken{data.view().features.offsets, ids, data.view().features.values};
  const auto errors = with_replicas(2, model, [&](Replicas& replicas) {
    PredictOptions options;
    options.first_row = 100;
    const auto alone = model.predict(broken, options);
    const auto shared = replicas.predict(model, broken, options);
    REQUIRE(!alone);
    REQUIRE(!shared);
    CHECK(shared.error().message == alone.error().message);
    CHECK(shared.error().kind == alone.error().kind);
    options.excluded = data.view().labels;
    CHECK(replicas.predict(model, data.view().inputs(), options).error().message ==
          "ranks that answer together know no excluded labels and no filter; ask one process");
    check_alike(must(replicas.predict(model, data.view().inputs())), must(model.predict(data.view().inputs())));
  });
  CHECK(errors == std::vector<std::string>(2));
}

}  // namespace glissade::test
