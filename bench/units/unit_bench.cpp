// What finds the units that a sample activates most in a wide hidden layer: hash tables over the units' weights, and codes and
// lists learned from them, beside all units computed (exact), and what that takes. The model has a layer below the wide one:
//   glissade train --hidden 256,8192 --active-units 256 ... && unit_bench --model m.glsd --rows test.txt --active 256
// As a Markdown table: recall of the best units, the part of their outputs' sum that is found, candidates and microseconds a
// sample on one thread.
#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <glissade/model.h>

#include "datasets/dataset.h"
#include "datasets/read.h"
#include "engine/batches/batch.h"
#include "engine/inference/search_lsh.h"
#include "engine/model/access.h"
#include "engine/model/impl.h"
#include "engine/samplers/label_index.h"
#include "engine/search/search.h"
#include "engine/search/search_coded.h"
#include "simd/level.h"

namespace glissade {
namespace {

struct Arguments {
  std::string model, rows;
  std::uint32_t active = 256, queries = 1024, batch = 512;
};

[[noreturn]] void fail(const std::string& message) {
  fmt::print(stderr, "unit_bench: {}\n", message);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error().message);
  return std::move(*result);
}

Predictions room(std::size_t samples, std::uint32_t k) {
  Predictions out;
  out.k = k;
  out.labels.assign(samples * k, Predictions::kNoLabel);
  out.scores.assign(samples * k, -std::numeric_limits<float>::infinity());
  return out;
}

/// The first `count` samples of some activations.
Activations first_of(const Activations& all, std::size_t begin, std::size_t count) {
  Activations some;
  some.resize(count, all.width, !all.halves.empty());
  std::copy_n(all.row(begin), count * all.stride, some.values.data());
  if (!all.halves.empty()) std::copy_n(all.half_row(begin), count * all.stride, some.halves.data());
  return some;
}

/// The smallest of several times of a pass over all queries, a sample.
double microseconds(std::size_t samples, const std::function<void()>& pass) {
  double least = 1e30;
  for (int turn = 0; turn < 3; ++turn) {
    const auto start = std::chrono::steady_clock::now();
    pass();
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return 1e6 * least / static_cast<double>(samples);
}

struct Found {
  double recall = 0, mass = 0;
};

/// Against the exact best, of which those that put out nothing do not count.
Found compare(const Predictions& exact, const Predictions& found) {
  double hits = 0, all = 0, mass = 0, all_mass = 0;
  for (std::size_t row = 0; row < exact.labels.size() / exact.k; ++row) {
    const auto begin = found.labels.begin() + static_cast<std::ptrdiff_t>(row * found.k);
    for (std::uint32_t i = 0; i < exact.k; ++i) {
      const double out = exact.scores[row * exact.k + i];
      if (!(out > 0)) break;
      const bool is_found = std::find(begin, begin + found.k, exact.labels[row * exact.k + i]) != begin + found.k;
      hits += is_found;
      mass += is_found ? out : 0;
      all += 1;
      all_mass += out;
    }
  }
  return {hits / std::max(all, 1.0), mass / std::max(all_mass, 1e-30)};
}

class Bench {
 public:
  Bench(const Model::Impl& impl, const Activations& hidden, const Arguments& asked)
      : impl_(impl),
        asked_(asked),
        layer_(impl.network.dense.back()),
        hidden_(hidden),
        exact_(room(hidden.samples, asked.active)),
        found_(room(hidden.samples, asked.active)) {}

  void run() {
    fmt::print("| units found by | recall | of their outputs | units looked at | us a sample | of all units' |\n");
    fmt::print("|---|--:|--:|--:|--:|--:|\n");
    every_unit();
    for (const auto& [k, tables] : {std::pair{6u, 16u}, std::pair{8u, 32u}, std::pair{8u, 64u}, std::pair{10u, 128u}})
      by_tables(HashKind::simhash, k, tables);
    for (const auto& [k, tables] : {std::pair{2u, 16u}, std::pair{2u, 32u}, std::pair{3u, 64u}, std::pair{3u, 128u}})
      by_tables(HashKind::dwta, k, tables);
    by_codes();
  }

 private:
  SearchTarget target(Predictions& out, std::vector<std::uint32_t>* looked_at) const {
    std::ranges::fill(out.labels, Predictions::kNoLabel);
    std::ranges::fill(out.scores, -std::numeric_limits<float>::infinity());
    return {out, 0, LossKind::softmax, false, looked_at};
  }

  void print(const std::string& name, double looked_at, double time) {
    const Found of = compare(exact_, found_);
    fmt::print("| {} | {:.3f} | {:.3f} | {:.0f} | {:.1f} | {:.2f} |\n", name, of.recall, of.mass, looked_at, time, time / all_);
    std::fflush(stdout);
  }

  void every_unit() {
    search_exact(layer_.rows, hidden_, target(exact_, nullptr));
    // As training does it: a product with a batch, then the best of each sample.
    Activations out;
    all_ = microseconds(hidden_.samples, [&] {
      for (std::size_t begin = 0; begin < hidden_.samples; begin += asked_.batch) {
        const Activations batch = first_of(hidden_, begin, std::min<std::size_t>(asked_.batch, hidden_.samples - begin));
        out.resize(batch.samples, layer_.rows.rows(), !batch.halves.empty());
        if (!layer_.forward(batch, out)) fail("out of memory");
        activate(out, impl_.network.activation, 0, 0, asked_.active);
      }
    });
    search_exact(layer_.rows, hidden_, target(found_, nullptr));
    print("all of them", static_cast<double>(layer_.rows.rows()), all_);
  }

  void by_tables(HashKind family, std::uint32_t k, std::uint32_t tables) {
    Config config = impl_.config;
    config.hash_tables.family = family;
    config.hash_tables.k = k;
    config.hash_tables.count = tables;
    LabelIndex index(config, layer_.rows);
    index.build();
    std::vector<std::uint32_t> looked_at;
    const double time =
        microseconds(hidden_.samples, [&] { search_lsh(layer_.rows, index, hidden_, target(found_, &looked_at)); });
    const double mean = std::accumulate(looked_at.begin(), looked_at.end(), 0.0) / static_cast<double>(hidden_.samples);
    print(fmt::format("{} tables of {}, k {}", tables, family == HashKind::simhash ? "simhash" : "dwta", k), mean, time);
  }

  void by_codes() {
    const CodedRows codes = CodedRows::learn(layer_.rows, hidden_);
    if (codes.empty()) return;
    std::vector<std::uint32_t> looked_at;
    const double time =
        microseconds(hidden_.samples, [&] { search_coded(layer_.rows, codes, hidden_, target(found_, &looked_at)); });
    const double mean = std::accumulate(looked_at.begin(), looked_at.end(), 0.0) / static_cast<double>(hidden_.samples);
    print("learned codes", mean, time);
  }

  const Model::Impl& impl_;
  const Arguments& asked_;
  const DenseLayer& layer_;
  const Activations& hidden_;
  Predictions exact_, found_;
  double all_ = 0;
};

int run(const Arguments& asked) {
  const tbb::global_control alone(tbb::global_control::max_allowed_parallelism, 1);
  const Model model = must(Model::load(asked.model));
  const Model::Impl& impl = impl_of(model);
  if (impl.network.dense.empty()) fail("the model has one hidden layer; train one with --hidden 256,8192");
  const datasets::Dataset data = must(datasets::read_dataset(asked.rows));
  std::vector<std::uint32_t> rows(std::min<std::size_t>(asked.queries, data.view().size()));
  std::iota(rows.begin(), rows.end(), 0u);
  Batch batch;
  std::vector<Activations> hidden;
  batch.gather({impl.shape.features, impl.shape.labels, data.view().features, {}}, rows, {}, &impl.transform);
  if (!impl.network.forward(batch.features(), {}, hidden)) fail("out of memory");
  const Activations& below = hidden[hidden.size() - 2];
  fmt::print("{} units over {}, the best {}, level {}\n\n", impl.network.dense.back().rows.rows(), below.width, asked.active,
             simd::level_name(simd::active_level()));
  Bench(impl, below, asked).run();
  return 0;
}

}  // namespace
}  // namespace glissade

int main(int argc, char** argv) {
  glissade::Arguments asked;
  CLI::App app("Finds the units that samples activate most in a wide hidden layer.");
  app.add_option("--model", asked.model, "Model file, of two hidden layers or more.")->required();
  app.add_option("--rows", asked.rows, "Rows to ask with, XMC format.")->required();
  app.add_option("--active", asked.active, "Units that a sample activates. Default 256.")->check(CLI::Range(1u, 1000u));
  app.add_option("--queries", asked.queries, "Rows asked with. Default 1024.");
  app.add_option("--batch", asked.batch, "Samples of a product with all units. Default 512.");
  CLI11_PARSE(app, argc, argv);
  return glissade::run(asked);
}
