// All kernels at all levels that this machine runs. A kernel appears once for each level that has its own version. Then the hash
// tables, which are made of them.
//   kernel_bench --benchmark_filter='dots_.*gathered'
#include "bench/kernels/bench.h"
#include "bench/kernels/tables.h"

namespace {

struct Entry {
  const char* name;
  void (*add)(const std::string& prefix, const glissade::simd::Kernels& level);
};

constexpr Entry kEntries[] = {
#define GLISSADE_ENTRY(name, result, parameters, levels) {#name, glissade::bench::add_##name},
    GLISSADE_SIMD_KERNELS(GLISSADE_ENTRY)
#undef GLISSADE_ENTRY
};

}  // namespace

int main(int argc, char** argv) {
  namespace simd = glissade::simd;
  std::size_t kernel = 0;
  for (const Entry& entry : kEntries) {
    const unsigned own = simd::own_levels(kernel++);
    for (int i = 0; i < simd::kLevelCount; ++i) {
      const auto level = static_cast<simd::Level>(i);
      if ((own >> i & 1u) == 0 || !simd::is_usable(level)) continue;
      entry.add(std::string(entry.name) + '/' + std::string(level_name(level)), kernels_of(level));
    }
  }
  glissade::bench::add_table_benches();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
