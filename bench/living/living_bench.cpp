// Serves a model while it learns: rows come in their order, each is first answered, then learned from (prequential evaluation,
// Dawid 1984). Beside it the same model as it was. Prints one JSON object.

#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/learner.h>
#include <glissade/model.h>
#include <glissade/snapshot.h>

#include "datasets/dataset.h"
#include "datasets/read.h"

namespace glissade {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

[[noreturn]] void fail(const std::string& message) {
  fmt::print(stderr, "living_bench: {}\n", message);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Arguments {
  std::string model, events, save;
  std::vector<std::string> others;
  std::uint32_t every = 64, threads = 2;
  bool answers = true;
  LearnerOptions options;
};

DatasetView rows_of(DatasetView view, std::size_t first, std::size_t count) {
  view.features.offsets = view.features.offsets.subspan(first, count + 1);
  view.labels.offsets = view.labels.offsets.subspan(first, count + 1);
  return view;
}

/// P@1, 3, 5 over the rows that have labels, and the share of rows whose label is among the ten.
struct Sums {
  double at1 = 0, at3 = 0, at5 = 0, hit10 = 0;
  std::size_t rows = 0;

  void add(const DatasetView& view, const Predictions& found) {
    for (std::size_t row = 0; row < view.size(); ++row) {
      const auto labels = view.labels.row_ids(row);
      if (labels.empty()) continue;
      ++rows;
      std::size_t hits = 0;
      for (std::size_t i = 0; i < found.k; ++i) {
        hits += std::ranges::find(labels, found.labels[row * found.k + i]) != labels.end() ? 1 : 0;
        if (i == 0) at1 += static_cast<double>(hits);
        if (i == 2) at3 += static_cast<double>(hits) / 3;
        if (i == 4) at5 += static_cast<double>(hits) / 5;
      }
      hit10 += hits != 0 ? 1 : 0;
    }
  }
  Json json() const {
    const double n = static_cast<double>(std::max<std::size_t>(1, rows)) / 100;
    return {{"P@1", at1 / n}, {"P@3", at3 / n}, {"P@5", at5 / n}, {"HR@10", hit10 / n}, {"rows", rows}};
  }
};

double percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

int run(const Arguments& asked) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, asked.threads);
  const datasets::Dataset data = must(datasets::read_dataset(asked.events));
  const DatasetView events = data.view();
  Model model = must(Model::load(asked.model, LoadFor::training));
  const Shape shape = model.shape();
  const Snapshot frozen = must(Snapshot::load(asked.model));
  std::vector<Snapshot> others;
  for (const std::string& other : asked.others) others.push_back(must(Snapshot::load(other)));
  Learner learner = must(Learner::create(std::move(model), asked.options));
  if (events.feature_count > shape.features) must(learner.add_features(events.feature_count - shape.features));
  if (events.label_count > shape.labels) must(learner.add_labels(events.label_count - shape.labels));
  must(learner.publish());
  Sums frozen_sums, living_sums, tail_frozen, tail_living;
  std::vector<Sums> other_sums(others.size());
  std::vector<double> publishing;
  double learning = 0;
  Workspace workspace;
  Predictions found;
  Query query;
  query.k = 10;
  query.unknown = Query::Unknown::leave_out;
  for (std::size_t first = 0; first < events.size(); first += asked.every) {
    const DatasetView piece = rows_of(events, first, std::min<std::size_t>(asked.every, events.size() - first));
    const bool tail = first >= events.size() / 2;
    const auto ask = [&](const Snapshot& snapshot, Sums& all, Sums* in_tail) {
      must(snapshot.top_k(piece.features, query, workspace, found));
      all.add(piece, found);
      if (in_tail != nullptr && tail) in_tail->add(piece, found);
    };
    if (asked.answers) {
      ask(learner.current(), living_sums, &tail_living);
      ask(frozen, frozen_sums, &tail_frozen);
      for (std::size_t i = 0; i < others.size(); ++i) ask(others[i], other_sums[i], nullptr);
    }
    auto start = Clock::now();
    must(learner.learn(piece));
    learning += seconds_since(start);
    start = Clock::now();
    must(learner.publish());
    publishing.push_back(1e3 * seconds_since(start));
  }
  Json out = {{"frozen", frozen_sums.json()},
              {"living", living_sums.json()},
              {"second half, frozen", tail_frozen.json()},
              {"second half, living", tail_living.json()},
              {"ms an event", 1e3 * learning / static_cast<double>(events.size())},
              {"publish p50 ms", percentile(publishing, 0.5)},
              {"publish p99 ms", percentile(publishing, 0.99)},
              {"steps", learner.report().steps},
              {"fits", learner.report().fits},
              {"memory MiB", learner.memory() >> 20}};
  for (std::size_t i = 0; i < others.size(); ++i) out[asked.others[i]] = other_sums[i].json();
  if (!asked.save.empty()) must(learner.save(asked.save));
  fmt::print("{}\n", out.dump(2));
  return 0;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
  CLI::App app{"Answers rows of events one after the other and learns from each: P@k of the living model beside the frozen one."};
  glissade::Arguments asked;
  app.add_option("--model", asked.model, "Model file, with its training state.")->required();
  app.add_option("--events", asked.events, "Rows in the order in which they come, XMC format.")->required();
  app.add_option("--beside", asked.others, "Other models that answer the same rows and do not learn.");
  app.add_option("--save", asked.save, "Model file to write at the end.");
  app.add_option("--every", asked.every, "Rows answered, then learned from, then published, at once. Default 64.");
  app.add_flag("!--no-answers", asked.answers, "Only learn.");
  app.add_option("--threads", asked.threads, "Default 2.");
  app.add_option("--learning-rate", asked.options.learning_rate, "Of the hidden path; negative: it stays as it is.");
  app.add_option("--batch", asked.options.batch, "Events of a step of the hidden path.");
  app.add_option("--keep-examples", asked.options.keep_examples, "Events that the ranker is fitted on; 0: it stays as it is.");
  app.add_option("--refit-every", asked.options.refit_every, "Events between two fits.");
  CLI11_PARSE(app, argc, argv);
  return glissade::run(asked);
}
