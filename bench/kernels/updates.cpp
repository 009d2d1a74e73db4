// Row updates: on rows that the cache holds, and on random rows of large tables as a training step touches them.
#include "bench/kernels/bench.h"

namespace glissade::bench {
namespace {

constexpr simd::AdamStep kAdam = {0.9f, 0.1f, 0.999f, 0.001f, 1e-3f, 1.0f, 1e-8f, 1.0f};
constexpr simd::MomentumStep kMomentum = {0.9f, 1.0f, 1e-6f, 1.0f};
constexpr simd::SgdStep kSgd = {1e-6f, 1.0f};
constexpr std::size_t kUpdatedWidth = 128;
constexpr std::uint32_t kManyRows = 1u << 17;  // 64 MB a table of floats
constexpr std::uint32_t kCachedRows = 8;

/// One or more tables of the same shape, side by side.
template <class T>
struct Tables {
  std::vector<std::vector<T>> tables;
  Tables(std::size_t count, std::uint32_t rows) : tables(count, std::vector<T>(std::size_t{rows} * kUpdatedWidth)) {}
  T* row(std::size_t table, std::uint32_t row) { return tables[table].data() + std::size_t{row} * kUpdatedWidth; }
};

/// Times update(row) over rows in a scattered order; `bytes` is what one update reads and writes, gradient left out.
template <class Update>
void time_updates(benchmark::State& state, std::uint32_t rows, double bytes, const Update& update) {
  constexpr std::uint32_t kStep = 0x9e3779b1u;  // odd, so that a power of two of rows are all visited
  std::uint32_t at = 0;
  for (auto _ : state) {
    for (int i = 0; i < 64; ++i) update((at += kStep) % rows);
    benchmark::ClobberMemory();
  }
  report_rate(state, "rows", 64);
  report_rate(state, "bytes", 64 * bytes);
}

template <class Body>
void add_updates(const std::string& prefix, Body body) {
  add(prefix, "cached x128", [=](benchmark::State& state) { body(state, kCachedRows); });
  add(prefix, "scattered x128", [=](benchmark::State& state) { body(state, kManyRows); });
}

}  // namespace

void add_adam_f32(const std::string& prefix, const simd::Kernels& level) {
  add_updates(prefix, [update = level.adam_f32](benchmark::State& state, std::uint32_t rows) {
    Tables<float> t(3, rows);
    const std::vector<float> g = random_floats(kUpdatedWidth, -1.0f, 1.0f);
    time_updates(state, rows, kUpdatedWidth * 24.0, [&](std::uint32_t r) {
      benchmark::DoNotOptimize(update(t.row(0, r), t.row(1, r), t.row(2, r), g.data(), kUpdatedWidth, &kAdam));
    });
  });
}

void add_adam_split(const std::string& prefix, const simd::Kernels& level) {
  add_updates(prefix, [update = level.adam_split](benchmark::State& state, std::uint32_t rows) {
    Tables<float> t(2, rows);
    Tables<std::uint16_t> w(2, rows);
    const std::vector<float> g = random_floats(kUpdatedWidth, -1.0f, 1.0f);
    time_updates(state, rows, kUpdatedWidth * 24.0, [&](std::uint32_t r) {
      benchmark::DoNotOptimize(update(w.row(0, r), w.row(1, r), t.row(0, r), t.row(1, r), g.data(), kUpdatedWidth, &kAdam));
    });
  });
}

void add_momentum_f32(const std::string& prefix, const simd::Kernels& level) {
  add_updates(prefix, [update = level.momentum_f32](benchmark::State& state, std::uint32_t rows) {
    Tables<float> t(2, rows);
    const std::vector<float> g = random_floats(kUpdatedWidth, -1.0f, 1.0f);
    time_updates(state, rows, kUpdatedWidth * 16.0, [&](std::uint32_t r) {
      benchmark::DoNotOptimize(update(t.row(0, r), t.row(1, r), g.data(), kUpdatedWidth, &kMomentum));
    });
  });
}

void add_momentum_split(const std::string& prefix, const simd::Kernels& level) {
  add_updates(prefix, [update = level.momentum_split](benchmark::State& state, std::uint32_t rows) {
    Tables<float> t(1, rows);
    Tables<std::uint16_t> w(2, rows);
    const std::vector<float> g = random_floats(kUpdatedWidth, -1.0f, 1.0f);
    time_updates(state, rows, kUpdatedWidth * 16.0, [&](std::uint32_t r) {
      benchmark::DoNotOptimize(update(w.row(0, r), w.row(1, r), t.row(0, r), g.data(), kUpdatedWidth, &kMomentum));
    });
  });
}

void add_sgd_f32(const std::string& prefix, const simd::Kernels& level) {
  add_updates(prefix, [update = level.sgd_f32](benchmark::State& state, std::uint32_t rows) {
    Tables<float> t(1, rows);
    const std::vector<float> g = random_floats(kUpdatedWidth, -1.0f, 1.0f);
    time_updates(state, rows, kUpdatedWidth * 8.0,
                 [&](std::uint32_t r) { benchmark::DoNotOptimize(update(t.row(0, r), g.data(), kUpdatedWidth, &kSgd)); });
  });
}

void add_sgd_split(const std::string& prefix, const simd::Kernels& level) {
  add_updates(prefix, [update = level.sgd_split](benchmark::State& state, std::uint32_t rows) {
    Tables<std::uint16_t> w(2, rows);
    const std::vector<float> g = random_floats(kUpdatedWidth, -1.0f, 1.0f);
    time_updates(state, rows, kUpdatedWidth * 8.0, [&](std::uint32_t r) {
      benchmark::DoNotOptimize(update(w.row(0, r), w.row(1, r), g.data(), kUpdatedWidth, &kSgd));
    });
  });
}

/// Only ever called on a gradient that was just summed.
void add_sum_squares_f32(const std::string& prefix, const simd::Kernels& level) {
  add(prefix, "cached x128", [sum = level.sum_squares_f32](benchmark::State& state) {
    const std::vector<float> g = random_floats(kUpdatedWidth, -1.0f, 1.0f);
    for (auto _ : state) benchmark::DoNotOptimize(sum(g.data(), kUpdatedWidth));
    report_rate(state, "rows", 1);
  });
}

}  // namespace glissade::bench
