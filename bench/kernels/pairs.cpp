// Pair kernels as skip-gram with shared negatives calls them: 6 context rows against a word and 5 negatives, 200 wide.
#include "bench/kernels/bench.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kContexts = 6, kTargets = 6, kWidth = 200, kStride = 224;

/// Times call(a, b, g) over groups of rows: always the same ones, or fresh ones of a table larger than the caches.
template <class Call>
void time_groups(benchmark::State& state, bool cached, double operations, const Call& call) {
  static IdStream stream;
  auto* table = static_cast<float*>(row_table(kStride * sizeof(float)));
  const std::vector<float> g = random_floats(kContexts * kTargets, -1e-9f, 1e-9f);
  float *a[kContexts], *b[kTargets];
  const auto fill = [&](const std::uint32_t* ids) {
    for (std::size_t i = 0; i < kContexts; ++i) a[i] = table + ids[i] * kStride;
    for (std::size_t j = 0; j < kTargets; ++j) b[j] = table + ids[kContexts + j] * kStride;
  };
  std::uint32_t near[kContexts + kTargets];
  for (std::size_t i = 0; i < kContexts + kTargets; ++i) near[i] = static_cast<std::uint32_t>(i);
  for (auto _ : state) {
    fill(cached ? near : stream.next(kContexts + kTargets));
    call(a, b, g.data());
    benchmark::ClobberMemory();
  }
  report_rate(state, "groups", 1);
  report_rate(state, "FLOP", operations * kContexts * kTargets * kWidth);
}

}  // namespace

void add_pair_dots_f32(const std::string& prefix, const simd::Kernels& level) {
  const auto dots = level.pair_dots_f32;
  for (const bool cached : {true, false}) {
    add(prefix, cached ? "cached 6x6x200" : "gathered 6x6x200", [=](benchmark::State& state) {
      float out[kContexts * kTargets];
      time_groups(state, cached, 2, [&](float* const* a, float* const* b, const float*) {
        dots(a, kContexts, b, kTargets, kWidth, out);
        benchmark::DoNotOptimize(out);
      });
    });
  }
}

void add_pair_update_f32(const std::string& prefix, const simd::Kernels& level) {
  const auto update = level.pair_update_f32;
  for (const bool cached : {true, false}) {
    add(prefix, cached ? "cached 6x6x200" : "gathered 6x6x200", [=](benchmark::State& state) {
      time_groups(state, cached, 4,
                  [&](float* const* a, float* const* b, const float* g) { update(a, kContexts, b, kTargets, kWidth, g); });
    });
  }
}

}  // namespace glissade::bench
