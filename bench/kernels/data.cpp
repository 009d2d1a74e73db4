#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "bench/kernels/bench.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kWidestRow = 512 * sizeof(float);

void* make_table() {
  constexpr std::size_t kBytes = std::size_t{kRows} * kWidestRow;
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::fprintf(stderr,
                 "kernel_bench: no memory for a table of %zu MB; run with --benchmark_filter to leave out gathered rows\n",
                 kBytes >> 20);
    std::exit(1);
  }
  madvise(memory, kBytes, MADV_HUGEPAGE);
  auto* words = static_cast<std::uint64_t*>(memory);
  std::uint64_t state = 1;
  for (std::size_t i = 0; i < kBytes / sizeof(std::uint64_t); ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    // Sign and mantissa at random, an exponent just below that of 1.
    words[i] = (state & 0x807f807f807f807fu) | 0x3e003e003e003e00u;
  }
  return memory;
}

}  // namespace

void* row_table(std::size_t row_bytes) {
  static void* const table = make_table();
  return row_bytes <= kWidestRow ? table : nullptr;
}

IdStream::IdStream() : ids_(std::size_t{1} << 21) {
  std::mt19937_64 engine(7);
  for (std::uint32_t& id : ids_) id = static_cast<std::uint32_t>((engine() >> 32) * kRows >> 32);
}

const std::uint32_t* IdStream::next(std::size_t n) {
  if (at_ + n > ids_.size()) at_ = 0;
  const std::uint32_t* ids = ids_.data() + at_;
  at_ += n;
  return ids;
}

std::vector<float> random_floats(std::size_t n, float low, float high) {
  std::mt19937_64 engine(11);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(engine);
  return values;
}

void report_rate(benchmark::State& state, const char* name, double amount_per_iteration) {
  state.counters[name] = benchmark::Counter(amount_per_iteration, benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace glissade::bench
