// What the kernel benches share. The kernel list demands one add_<kernel> of each: it registers the shapes worth timing for
// one level, under names like dots_f32/avx512/gathered x128.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "simd/kernels.h"

namespace glissade::bench {

#define GLISSADE_ADD(name, result, parameters, levels) void add_##name(const std::string& prefix, const simd::Kernels& level);
GLISSADE_SIMD_KERNELS(GLISSADE_ADD)
#undef GLISSADE_ADD

/// The label count of Amazon-670K: rows of the tables that benches gather from.
inline constexpr std::uint32_t kRows = 670'091;

/// Registers `prefix/shape`; `body` takes a benchmark::State.
template <class Body>
void add(const std::string& prefix, const std::string& shape, Body body) {
  benchmark::RegisterBenchmark((prefix + '/' + shape).c_str(), std::move(body))->Unit(benchmark::kMicrosecond);
}

/// A table of kRows rows of `row_bytes` in huge pages where the system has them. Every 16-bit word of it is a bf16 below 1 in
/// magnitude, and so is every float. All tables are the same memory, which lives until the process ends.
void* row_table(std::size_t row_bytes);

/// Random ids below kRows without end: next(n) gives n of them, different each time, from a cycle much longer than the caches
/// hold rows.
class IdStream {
 public:
  IdStream();
  const std::uint32_t* next(std::size_t n);

 private:
  std::vector<std::uint32_t> ids_;
  std::size_t at_ = 0;
};

/// `n` floats, uniform between the bounds, always the same.
std::vector<float> random_floats(std::size_t n, float low, float high);

/// Reports `amount` a second, counted per iteration.
void report_rate(benchmark::State& state, const char* name, double amount_per_iteration);

}  // namespace glissade::bench
