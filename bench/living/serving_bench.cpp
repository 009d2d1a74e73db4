// What a backend pays for one query of a Snapshot: milliseconds with lists of permitted labels of several lengths, for scores of
// given labels, and how often memory is allocated. Prints one JSON object. One thread asks, on --threads of oneTBB.

#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/snapshot.h>

#include "datasets/dataset.h"
#include "datasets/read.h"
#include "hashing/seeds.h"
#include "tests/allocations/counted.h"

namespace glissade {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "serving_bench: {}\n", result.error().message);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

SparseRows row_of(SparseRows rows, std::size_t row) {
  rows.offsets = rows.offsets.subspan(row, 2);
  return rows;
}

/// Calls ask(row) for every row twice and times the second round.
template <class Ask>
Json timed(std::size_t rows, const Ask& ask) {
  for (std::size_t row = 0; row < rows; ++row) ask(row);
  std::vector<double> ms;
  ms.reserve(rows);
  const std::uint64_t before = allocations;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto start = Clock::now();
    ask(row);
    ms.push_back(1e3 * std::chrono::duration<double>(Clock::now() - start).count());
  }
  const double each = static_cast<double>(allocations - before) / static_cast<double>(rows);
  std::ranges::sort(ms);
  return {{"p50_ms", ms[rows / 2]}, {"p99_ms", ms[rows * 99 / 100]}, {"allocations a query", each}};
}

int run(const std::string& model, const std::string& path, std::size_t queries, std::size_t threads) {
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
  const Snapshot snapshot = must(Snapshot::load(model));
  const datasets::Dataset data = must(datasets::read_dataset(path));
  const SparseRows rows = data.view().features;
  queries = std::min(queries, rows.rows());
  const std::uint32_t labels = snapshot.shape().labels;
  Workspace workspace;
  Predictions found;
  Json out = {{"labels", labels}, {"queries", queries}};
  Query query;
  query.unknown = Query::Unknown::leave_out;
  out["all"] = timed(queries, [&](std::size_t row) { must(snapshot.top_k(row_of(rows, row), query, workspace, found)); });
  hashing::Random random(7);
  for (const double share : {1.0, 0.1, 0.01, 0.001}) {
    LabelFilter filter = LabelFilter::permitting_none(labels);
    for (std::uint32_t label = 0; label < labels; ++label) {
      if (random.unit() < share) filter.permit(label);
    }
    query.filter = &filter;
    Json one = timed(queries, [&](std::size_t row) { must(snapshot.top_k(row_of(rows, row), query, workspace, found)); });
    // Against an exact search of the same labels.
    std::size_t same = 0, wanted = 0;
    Query exact = query;
    exact.search = Search::exact;
    Predictions best;
    for (std::size_t row = 0; row < std::min<std::size_t>(queries, 200); ++row) {
      must(snapshot.top_k(row_of(rows, row), query, workspace, found));
      must(snapshot.top_k(row_of(rows, row), exact, workspace, best));
      for (std::size_t i = 0; i < best.labels.size(); ++i) {
        if (best.labels[i] == Predictions::kNoLabel) continue;
        ++wanted;
        same += std::ranges::find(found.labels, best.labels[i]) != found.labels.end() ? 1 : 0;
      }
    }
    one["recall@5 of exact search"] = wanted == 0 ? 1.0 : static_cast<double>(same) / static_cast<double>(wanted);
    out[fmt::format("permitted {} %", 100 * share)] = one;
  }
  std::vector<std::uint32_t> ids;
  while (ids.size() < std::min<std::uint32_t>(1000, labels / 2)) {
    const auto label = static_cast<std::uint32_t>(random.below(labels));
    if (std::ranges::find(ids, label) == ids.end()) ids.push_back(label);
  }
  const std::vector<std::uint64_t> offsets = {0, ids.size()};
  const SparseRows given{offsets, ids, {}};
  std::vector<float> scores;
  std::vector<std::uint64_t> kept_offsets;
  out["score of " + std::to_string(ids.size())] =
      timed(queries, [&](std::size_t row) { must(snapshot.score(row_of(rows, row), given, workspace, scores)); });
  out["encode"] = timed(queries, [&](std::size_t row) { must(snapshot.encode(row_of(rows, row), workspace, scores)); });
  fmt::print("{}\n", out.dump(2));
  return 0;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
  CLI::App app{"What one query of a snapshot costs."};
  std::string model, rows;
  std::size_t queries = 1000, threads = 1;
  app.add_option("--model", model, "Model file.")->required();
  app.add_option("--test", rows, "Rows to ask about, XMC format, of the model's ids.")->required();
  app.add_option("--queries", queries, "Default 1000.");
  app.add_option("--threads", threads, "Default 1.");
  CLI11_PARSE(app, argc, argv);
  return glissade::run(model, rows, queries, threads);
}
