// Hash tables over an output layer of the size of Amazon-670K: 670,091 rows of 128 weights, 50 tables.
//   kernel_bench --benchmark_filter=tables --benchmark_repetitions=5
#include "bench/kernels/tables.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "bench/kernels/bench.h"
#include "hashing/collisions.h"
#include "hashing/group_codes.h"
#include "hashing/matrix_source.h"
#include "hashing/rehash_job.h"
#include "hashing/seeds.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kWidth = 128, kSamples = 1024;
constexpr std::uint32_t kTables = 50;
constexpr std::size_t kLimit = 512;  // a quarter of the usual active set
constexpr int kSlices = 128;         // steps of 512 samples in a period of 65,536

std::vector<float> random_matrix(std::size_t rows, std::uint64_t seed) {
  std::vector<float> values(rows * kWidth);
  hashing::Random random(hashing::mix(seed));
  for (float& value : values) value = static_cast<float>(random.unit()) - 0.5f;
  return values;
}

const std::vector<float>& output_rows() {
  static const std::vector<float> values = random_matrix(kRows, 1);
  return values;
}

hashing::MatrixSource row_source() { return {output_rows().data(), kWidth, kWidth, kRows}; }

/// A family and how full a bucket may be.
struct Setup {
  const char* name;
  hashing::FamilyKind kind;
  std::uint32_t k;
  std::uint32_t cap;

  std::unique_ptr<hashing::Family> family() const {
    return hashing::Family::make({.kind = kind, .dimension = kWidth, .k = k, .tables = kTables});
  }
  hashing::Tables tables() const { return {kTables, hashing::table_bits({.kind = kind, .k = k}), kRows, cap, 1}; }
};

constexpr Setup kSetups[] = {
    {"simhash of 9 bits", hashing::FamilyKind::simhash, 9, 0},
    {"simhash of 9 bits, buckets of 128", hashing::FamilyKind::simhash, 9, 128},
    {"simhash of 15 bits", hashing::FamilyKind::simhash, 15, 0},
    {"dwta of 6 digits", hashing::FamilyKind::dwta, 6, 0},
};

/// Tables that were built, and the codes of random queries. One at a time is kept.
struct World {
  const Setup* setup;
  std::unique_ptr<hashing::Family> family;
  hashing::Tables tables;
  std::vector<std::uint32_t> codes;

  explicit World(const Setup& s) : setup(&s), family(s.family()), tables(s.tables()), codes(kTables * kSamples) {
    tables.build(row_source(), *family);
    const std::vector<float> queries = random_matrix(kSamples, 2);
    hashing::group_codes(*family, queries.data(), kWidth, kWidth, kSamples, codes.data(), kSamples);
  }
  hashing::GroupCodes sample(std::size_t s) const { return {codes.data() + s % kSamples, kSamples, 1}; }

  static World& of(const Setup& s) {
    static std::optional<World> kept;
    if (!kept || kept->setup != &s) kept.emplace(s);
    return *kept;
  }
};

void bench_build(benchmark::State& state, const Setup& setup) {
  const auto family = setup.family();
  hashing::Tables tables = setup.tables();
  const hashing::MatrixSource source = row_source();
  for ([[maybe_unused]] auto _ : state) tables.build(source, *family);
  state.counters["table_MiB"] = static_cast<double>(tables.memory_bytes()) / (1 << 20);
}

/// One iteration is a whole job over every `step`-th row; the slices' times are counters, in milliseconds.
void bench_rehash(benchmark::State& state, const Setup& setup, std::uint32_t step) {
  World& world = World::of(setup);
  const hashing::MatrixSource source = row_source();
  std::vector<std::uint32_t> moved((kRows + step - 1) / step);
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] = static_cast<std::uint32_t>(i * step);
  hashing::RehashJob job;
  std::vector<double> times;
  for ([[maybe_unused]] auto _ : state) {
    job.start(world.tables, moved);
    for (int slice = 1; slice <= kSlices; ++slice) {
      const auto start = std::chrono::steady_clock::now();
      job.advance(static_cast<double>(slice) / kSlices, world.tables, source, *world.family);
      times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
  }
  std::sort(times.begin(), times.end());
  state.counters["slice_median_ms"] = times[times.size() / 2];
  state.counters["slice_99th_ms"] = times[times.size() * 99 / 100];
  state.counters["slice_max_ms"] = times.back();
  state.counters["job_MiB"] = static_cast<double>(job.memory_bytes()) / (1 << 20);
}

void bench_collect(benchmark::State& state, const Setup& setup) {
  const World& world = World::of(setup);
  hashing::StampSet seen(kRows);
  std::vector<std::uint32_t> out;
  out.reserve(kLimit);
  std::size_t s = 0;
  for ([[maybe_unused]] auto _ : state) {
    seen.clear();
    out.clear();
    hashing::collect(world.tables, world.sample(s), s, kLimit, seen, out);
    ++s;
  }
  report_rate(state, "queries", 1);
}

void bench_topk(benchmark::State& state, const Setup& setup) {
  const World& world = World::of(setup);
  hashing::CollisionCounter counter(kRows, kTables);
  std::vector<hashing::Collision> out(kLimit);
  std::size_t s = 0, met = 0;
  for ([[maybe_unused]] auto _ : state) {
    hashing::collect_topk(world.tables, world.sample(s), s, counter, out);
    met += counter.met().size();
    ++s;
  }
  report_rate(state, "queries", 1);
  state.counters["rows_met"] = static_cast<double>(met) / static_cast<double>(s);
}

/// By the wall clock: most of it is parallel.
template <class Body>
void add_whole(const std::string& name, const Body& body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->Unit(benchmark::kMillisecond)->UseRealTime();
}

}  // namespace

void add_table_benches() {
  for (const Setup& setup : kSetups) {
    const std::string name = setup.name;
    add_whole("tables/build/" + name, [&setup](benchmark::State& state) { bench_build(state, setup); });
    for (const std::uint32_t step : {1u, 20u}) {
      add_whole("tables/rehash/" + name + (step == 1 ? ", all rows" : ", one row in 20"),
                [&setup, step](benchmark::State& state) { bench_rehash(state, setup, step); });
    }
    add("tables/collect", name, [&setup](benchmark::State& state) { bench_collect(state, setup); });
    add("tables/collect_topk", name, [&setup](benchmark::State& state) { bench_topk(state, setup); });
  }
}

}  // namespace glissade::bench
