// Kernels that read gathered rows: random rows of a table much larger than the caches, and rows that the cache holds.
#include "bench/kernels/bench.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kActive = 3'000;  // rows that one sample's active set has
constexpr std::size_t kFeatures = 76;   // features of one Amazon-670K sample
constexpr std::uint32_t kCachedRows = 64;

template <class T>
std::string shape(const char* kind, std::size_t width) {
  return std::string(kind) + " x" + std::to_string(width) + " (" + std::to_string(width * sizeof(T)) + " B)";
}

/// Times call(ids, n), which reads n rows of `width` elements of T.
template <class T, class Call>
void time_rows(benchmark::State& state, bool cached, std::size_t n, std::size_t width, const Call& call) {
  static IdStream stream;
  std::vector<std::uint32_t> near(n);
  for (std::size_t i = 0; i < n; ++i) near[i] = static_cast<std::uint32_t>(i * 7 % kCachedRows);
  for (auto _ : state) call(cached ? near.data() : stream.next(n));
  const auto rows = static_cast<double>(n), columns = static_cast<double>(width);
  report_rate(state, "rows", rows);
  report_rate(state, "bytes", rows * columns * sizeof(T));
  report_rate(state, "FLOP", 2 * rows * columns);
}

template <class T, class Dots>
void add_dots(const std::string& prefix, Dots dots) {
  for (const std::size_t width : {128u, 512u}) {
    for (const bool cached : {false, true}) {
      add(prefix, shape<T>(cached ? "cached" : "gathered", width), [=](benchmark::State& state) {
        const auto* rows = static_cast<const T*>(row_table(width * sizeof(T)));
        const std::vector<T> x(rows, rows + width);
        std::vector<float> out(kActive);
        time_rows<T>(state, cached, kActive, width, [&](const std::uint32_t* ids) {
          dots(x.data(), rows, width, ids, kActive, width, out.data());
          benchmark::DoNotOptimize(out.data());
          benchmark::ClobberMemory();
        });
      });
    }
  }
}

template <class T, class Bag>
void add_bags(const std::string& prefix, Bag bag) {
  for (const std::size_t width : {128u, 512u}) {
    for (const bool cached : {false, true}) {
      add(prefix, shape<T>(cached ? "cached" : "gathered", width), [=](benchmark::State& state) {
        const auto* rows = static_cast<const T*>(row_table(width * sizeof(T)));
        const std::vector<float> weights = random_floats(kFeatures, 0.0f, 1.0f);
        std::vector<float> out(width);
        time_rows<T>(state, cached, kFeatures, width, [&](const std::uint32_t* ids) {
          bag(rows, width, ids, weights.data(), kFeatures, width, out.data());
          benchmark::DoNotOptimize(out.data());
          benchmark::ClobberMemory();
        });
      });
    }
  }
}

}  // namespace

void add_dots_f32(const std::string& prefix, const simd::Kernels& level) { add_dots<float>(prefix, level.dots_f32); }
void add_dots_bf16(const std::string& prefix, const simd::Kernels& level) { add_dots<std::uint16_t>(prefix, level.dots_bf16); }
void add_bag_f32(const std::string& prefix, const simd::Kernels& level) { add_bags<float>(prefix, level.bag_f32); }
void add_bag_bf16(const std::string& prefix, const simd::Kernels& level) { add_bags<std::uint16_t>(prefix, level.bag_bf16); }

void add_axpy_f32(const std::string& prefix, const simd::Kernels& level) {
  const auto axpy = level.axpy_f32;
  for (const std::size_t n : {128u, 2048u}) {
    add(prefix, "cached x" + std::to_string(n), [=](benchmark::State& state) {
      const std::vector<float> x = random_floats(n, -1.0f, 1.0f);
      std::vector<float> y(n);
      for (auto _ : state) {
        axpy(1e-6f, x.data(), y.data(), n);
        benchmark::ClobberMemory();
      }
      report_rate(state, "elements", static_cast<double>(n));
    });
  }
}

void add_sparse_matches(const std::string& prefix, const simd::Kernels& level) {
  constexpr std::size_t kEntries = 256, kFeatureCount = 41'000, kUsed = 11;
  add(prefix, "256 of 41,000, 11 used", [kernel = level.sparse_matches](benchmark::State& state) {
    std::vector<float> x(kFeatureCount);
    std::uint32_t next = 1;
    const auto draw = [&next] { return (next = next * 1664525u + 1013904223u) % kFeatureCount; };
    for (std::size_t i = 0; i < kUsed; ++i) x[draw()] = 1.f;
    std::vector<std::uint32_t> ids(kEntries), places(kEntries + simd::kMatchRoom);
    for (auto _ : state) {
      ids[0] = static_cast<std::uint32_t>(draw());
      for (std::size_t i = 1; i < kEntries; ++i) ids[i] = static_cast<std::uint32_t>((ids[i - 1] + 157) % kFeatureCount);
      benchmark::DoNotOptimize(kernel(x.data(), ids.data(), kEntries, places.data()));
      benchmark::ClobberMemory();
    }
    report_rate(state, "elements", static_cast<double>(kEntries));
  });
}

void add_sparse_dots(const std::string& prefix, const simd::Kernels& level) {
  constexpr std::uint32_t kFanIn = 64, kSparseRows = 200'000, kFeatureCount = 65'536;
  add(prefix, "400 of 200,000 rows of 64 features", [kernel = level.sparse_dots](benchmark::State& state) {
    std::vector<std::uint64_t> offsets(kSparseRows + 1);
    for (std::size_t row = 0; row <= kSparseRows; ++row) offsets[row] = row * kFanIn;
    std::vector<std::uint32_t> ids(offsets.back());
    std::uint32_t next = 1;
    for (std::uint32_t& id : ids) id = (next = next * 1664525u + 1013904223u) >> 16;
    const std::vector<std::uint16_t> values(ids.size(), 0x3f00);
    const std::vector<float> x = random_floats(kFeatureCount, -1.0f, 1.0f);
    constexpr std::size_t kCount = 400;
    std::vector<std::uint32_t> rows(kCount);
    std::vector<float> out(kCount);
    for (auto _ : state) {
      for (std::uint32_t& row : rows)
        row = static_cast<std::uint32_t>(std::uint64_t{next = next * 1664525u + 1013904223u} * kSparseRows >> 32);
      kernel(x.data(), ids.data(), values.data(), offsets.data(), rows.data(), kCount, out.data());
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    }
    report_rate(state, "rows", kCount);
  });
}

namespace {

/// A query's candidates among label rows of 128 of 1,024 units.
template <class T, class Kernel>
void add_connected_dots(const std::string& prefix, const Kernel& run, T weight) {
  constexpr std::uint32_t kFanIn = 128, kRows = 200'000, kUnits = 1024;
  add(prefix, "400 of 200,000 rows of 128 of 1,024 units", [run, weight](benchmark::State& state) {
    std::vector<std::uint16_t> columns(std::size_t{kRows} * kFanIn);
    for (std::size_t i = 0; i < columns.size(); ++i)
      columns[i] = static_cast<std::uint16_t>(i % kFanIn * (kUnits / kFanIn) + i / kFanIn * 5 % (kUnits / kFanIn));
    const std::vector<T> weights(columns.size(), weight);
    const std::vector<float> x = random_floats(kUnits, -1.0f, 1.0f);
    constexpr std::size_t kCount = 400;
    std::vector<std::uint32_t> rows(kCount);
    std::vector<float> out(kCount);
    std::uint32_t next = 1;
    for (auto _ : state) {
      for (std::uint32_t& row : rows)
        row = static_cast<std::uint32_t>(std::uint64_t{next = next * 1664525u + 1013904223u} * kRows >> 32);
      run(x.data(), weights.data(), kFanIn, columns.data(), kFanIn, rows.data(), kCount, out.data());
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    }
    report_rate(state, "rows", kCount);
  });
}

}  // namespace

void add_connected_dots_f32(const std::string& prefix, const simd::Kernels& level) {
  add_connected_dots(prefix, level.connected_dots_f32, 0.5f);
}

void add_connected_dots_bf16(const std::string& prefix, const simd::Kernels& level) {
  add_connected_dots(prefix, level.connected_dots_bf16, std::uint16_t{0x3f00});
}

}  // namespace glissade::bench
