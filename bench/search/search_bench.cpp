// Times searches for the best labels of a trained model, one query after the other and in batches: in the output layer alone, and
// by Model::predict(). Prints one JSON object. With --dump, writes the output rows and the queries for other programs to search
// in.

#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <glissade/metrics.h>
#include <glissade/model.h>

#include "datasets/dataset.h"
#include "datasets/read.h"
#include "engine/batches/batch.h"
#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "engine/search/search.h"
#include "engine/search/search_coded.h"
#include "simd/level.h"

namespace glissade {
namespace {

using Json = nlohmann::json;

struct Arguments {
  std::string model, rows, taught_by, dump, level_hint;
  std::vector<double> margins;
  std::uint32_t queries = 1000, threads = 1, batch = 1024, batch_threads = std::thread::hardware_concurrency();
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

[[noreturn]] void fail(const std::string& message) {
  fmt::print(stderr, "search_bench: {}\n", message);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

Json milliseconds(std::vector<double> seconds) {
  std::ranges::sort(seconds);
  const auto at = [&](double share) {
    return 1e3 * seconds[static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1))];
  };
  return {{"p10_ms", at(0.1)}, {"p50_ms", at(0.5)}, {"p99_ms", at(0.99)}};
}

/// At most so many threads, as long as it lives.
tbb::global_control at_most(std::uint32_t threads) {
  return tbb::global_control(tbb::global_control::max_allowed_parallelism, threads);
}

/// The best labels of each query by `search`, called for one after the other; a tenth of the queries warms up.
template <class Search>
Json time_each(std::size_t queries, const Search& search) {
  std::vector<double> seconds(queries);
  for (std::size_t i = 0; i < queries / 10; ++i) search(i);
  for (std::size_t i = 0; i < queries; ++i) {
    const auto start = std::chrono::steady_clock::now();
    search(i);
    seconds[i] = seconds_since(start);
  }
  return milliseconds(std::move(seconds));
}

/// The hidden vectors of some rows.
Activations hidden_of(const Model::Impl& impl, const SparseRows& features, std::span<const std::uint32_t> rows) {
  Batch batch;
  std::vector<Activations> hidden;
  batch.gather({impl.shape.features, impl.shape.labels, features, {}}, rows, {}, &impl.transform);
  if (!impl.network.forward(batch.features(), {}, hidden)) fail("out of memory");
  return std::move(hidden.back());
}

Predictions room(std::size_t rows, std::uint32_t k) {
  Predictions out;
  out.k = k;
  out.labels.assign(rows * k, Predictions::kNoLabel);
  out.scores.assign(rows * k, -std::numeric_limits<float>::infinity());
  return out;
}

double recall(const Predictions& exact, const Predictions& found, std::uint32_t k) {
  std::size_t hits = 0, rows = exact.labels.size() / exact.k;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto from = found.labels.begin() + static_cast<std::ptrdiff_t>(row * found.k);
    for (std::uint32_t i = 0; i < k; ++i) hits += std::find(from, from + k, exact.labels[row * exact.k + i]) != from + k ? 1 : 0;
  }
  return static_cast<double>(hits) / static_cast<double>(rows * k);
}

/// The output layer alone: queries are hidden vectors.
Json time_layer(const Model::Impl& impl, const SparseRows& features, std::span<const std::uint32_t> rows,
                const Arguments& asked) {
  constexpr std::uint32_t kBest = 10;
  const tbb::global_control limit = at_most(asked.threads);
  const ParameterRows& output = impl.network.output;
  std::vector<Activations> hidden;
  for (const std::uint32_t row : rows) hidden.push_back(hidden_of(impl, features, {&row, 1}));
  Predictions exact = room(rows.size(), kBest), found = room(rows.size(), kBest);
  const auto target = [&](Predictions& out, std::size_t row) {
    std::fill_n(out.labels.begin() + static_cast<std::ptrdiff_t>(row * kBest), kBest, Predictions::kNoLabel);
    std::fill_n(out.scores.begin() + static_cast<std::ptrdiff_t>(row * kBest), kBest, -std::numeric_limits<float>::infinity());
    return SearchTarget{out, row, LossKind::softmax, false};
  };
  Json json;
  json["exact"] = time_each(rows.size(), [&](std::size_t i) { search_exact(output, hidden[i], target(exact, i)); });
  if (impl.codes.empty()) return json;
  json["learned"] = time_each(rows.size(), [&](std::size_t i) { search_coded(output, impl.codes, hidden[i], target(found, i)); });
  for (const std::uint32_t k : {1u, 5u, kBest}) json["learned"][fmt::format("recall@{}", k)] = recall(exact, found, k);
  json["learned"]["bytes_per_row"] = static_cast<double>(impl.codes.memory_bytes()) / static_cast<double>(output.rows());
  json["learned"]["rows_scored"] = impl.codes.shortlist(5);
  json["learned"]["lists"] = impl.codes.lists();
  json["learned"]["lists_read"] = impl.codes.probes(5);
  return json;
}

SparseRows slice(const SparseRows& rows, std::size_t first, std::size_t count) {
  return {rows.offsets.subspan(first, count + 1), rows.ids, rows.values};
}

/// Milliseconds a row of calls with several rows.
void time_batches(const Model& model, const DatasetView& data, const PredictOptions& options, const Arguments& asked,
                  Json& json) {
  const tbb::global_control limit = at_most(asked.batch_threads);
  json["batch_threads"] = asked.batch_threads;
  for (const std::size_t size : {std::size_t{2}, std::size_t{7}, std::size_t{8}, std::size_t{64}, std::size_t{asked.batch}}) {
    const std::size_t count = std::min(size, data.size());
    std::vector<double> seconds;
    for (int turn = 0; turn < 5; ++turn) {
      const auto start = std::chrono::steady_clock::now();
      must(model.predict(slice(data.features, 0, count), options));
      seconds.push_back(seconds_since(start));
    }
    json[fmt::format("batch_{}_ms_a_row", size)] = milliseconds(seconds)["p50_ms"].get<double>() / static_cast<double>(count);
  }
}

Json time_model(const Model& model, const DatasetView& data, Search search, const Arguments& asked) {
  const std::size_t queries = std::min<std::size_t>(asked.queries, data.size());
  const PredictOptions options{.k = 5, .search = search, .probabilities = true};
  Json json;
  {
    const tbb::global_control limit = at_most(asked.threads);
    json = time_each(queries, [&](std::size_t i) { must(model.predict(slice(data.features, i, 1), options)); });
  }
  time_batches(model, data, options, asked, json);
  EvaluateOptions evaluating;
  evaluating.search = search;
  const Evaluation evaluation = must(evaluate(model, data, evaluating));
  for (std::size_t i = 0; i < kCutoffs.size(); ++i)
    json[fmt::format("P@{}", kCutoffs[i])] = 100 * evaluation.metrics.precision[i];
  return json;
}

/// The same with shortlists, and lists read, so many times as long as the calibrating queries needed them.
Json time_margins(Model& model, const DatasetView& data, std::span<const std::uint32_t> rows, const Arguments& asked) {
  constexpr std::size_t kShortlist = 4, kProbes = 8;  // see CodedRows::Numbers
  constexpr double kStored = 2;
  Array<std::uint32_t>& numbers = impl_of(model).codes.numbers_array();
  const std::vector<std::uint32_t> kept(numbers.data(), numbers.data() + numbers.size());
  Json json = Json::array();
  for (const double margin : asked.margins) {
    for (const std::size_t i : {kShortlist, kProbes}) {
      if (i < kept.size()) numbers[i] = static_cast<std::uint32_t>(std::ceil(kept[i] * margin / kStored));
    }
    Json one = time_layer(impl_of(model), data.features, rows, asked)["learned"];
    one["margin"] = margin;
    EvaluateOptions evaluating;
    evaluating.search = Search::learned;
    const Evaluation evaluation = must(evaluate(model, data, evaluating));
    for (std::size_t i = 0; i < kCutoffs.size(); ++i)
      one[fmt::format("P@{}", kCutoffs[i])] = 100 * evaluation.metrics.precision[i];
    json.push_back(std::move(one));
  }
  std::ranges::copy(kept, numbers.data());
  return json;
}

template <class T>
void dump(const std::string& path, const std::vector<T>& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
}

/// Rows with their bias as one more dimension, queries with a 1 there, as floats; what their sizes are in sizes.json.
void dump_vectors(const std::string& folder, const Model::Impl& impl, const SparseRows& features,
                  std::span<const std::uint32_t> rows) {
  std::filesystem::create_directories(folder);
  const ParameterRows& output = impl.network.output;
  const std::size_t width = output.width() + 1;
  std::vector<float> values(output.rows() * width);
  for (std::size_t row = 0; row < output.rows(); ++row) {
    output.read_forward(row, values.data() + row * width);
    values[row * width + width - 1] = output.bias[row];
  }
  dump(folder + "/rows.f32", values);
  const Activations hidden = hidden_of(impl, features, rows);
  values.assign(rows.size() * width, 1.f);
  for (std::size_t i = 0; i < rows.size(); ++i) std::copy_n(hidden.row(i), width - 1, values.data() + i * width);
  dump(folder + "/queries.f32", values);
  std::ofstream(folder + "/sizes.json") << Json{{"rows", output.rows()}, {"queries", rows.size()}, {"width", width}};
}

int run(const Arguments& asked) {
  Model model = must(Model::load(asked.model));
  const Model::Impl& impl = impl_of(model);
  const datasets::Dataset data = must(datasets::read_dataset(asked.rows));
  Json json{
      {"labels", impl.shape.labels}, {"width", impl.network.output.width()}, {"level", simd::level_name(simd::active_level())}};
  if (!asked.taught_by.empty()) {
    const datasets::Dataset teachers = must(datasets::read_dataset(asked.taught_by));
    const auto start = std::chrono::steady_clock::now();
    must(model.code_rows(teachers.view().features));
    json["build_seconds"] = seconds_since(start);
  }
  std::vector<std::uint32_t> rows(std::min<std::size_t>(asked.queries, data.view().size()));
  std::iota(rows.begin(), rows.end(), 0u);
  if (!asked.dump.empty()) {
    dump_vectors(asked.dump, impl, data.view().features, rows);
  }
  json["layer"] = time_layer(impl, data.view().features, rows, asked);
  json["model"]["exact"] = time_model(model, data.view(), Search::exact, asked);
  if (model.has_codes()) json["model"]["learned"] = time_model(model, data.view(), Search::learned, asked);
  if (model.has_codes() && !asked.margins.empty()) json["margins"] = time_margins(model, data.view(), rows, asked);
  fmt::print("{}\n", json.dump());
  return 0;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
  glissade::Arguments asked;
  CLI::App app("Times searches for the best labels of a trained model.");
  app.add_option("--model", asked.model, "Model file.")->required();
  app.add_option("--test", asked.rows, "Rows to ask about, XMC format.")->required();
  app.add_option("--train", asked.taught_by,
                 "Rows to learn search codes from, XMC format; without them the codes in the file are used.");
  app.add_option("--dump", asked.dump, "Folder for rows and queries.");
  app.add_option("--queries", asked.queries, "Rows asked about one by one. Default 1000.");
  app.add_option("--batch", asked.batch, "Rows asked about at once. Default 1024.");
  app.add_option("--margins", asked.margins, "Also with shortlists so many times as long as the calibrating queries needed.")
      ->delimiter(',');
  app.add_option("--threads", asked.threads, "Of a single query. Default 1.");
  app.add_option("--batch-threads", asked.batch_threads, "Of the batches. Default: all cores.");
  CLI11_PARSE(app, argc, argv);
  return glissade::run(asked);
}
