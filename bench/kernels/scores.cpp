// Kernels over a vector of scores: an active set of 8,192, or all labels.
#include <algorithm>

#include "bench/kernels/bench.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kScoredRows = 8'192;

/// Times call(z) on `n` scores; `fresh` restores them before each call, for kernels that overwrite their input.
template <class Call>
void time_scores(benchmark::State& state, std::size_t n, bool fresh, const Call& call) {
  const std::vector<float> scores = random_floats(n, -12.0f, 4.0f);
  std::vector<float> z = scores;
  for (auto _ : state) {
    if (fresh) std::copy(scores.begin(), scores.end(), z.begin());
    call(z.data());
    benchmark::ClobberMemory();
  }
  report_rate(state, "elements", static_cast<double>(n));
}

}  // namespace

void add_logsumexp_f32(const std::string& prefix, const simd::Kernels& level) {
  for (const std::size_t n : {kScoredRows, std::size_t{kRows}}) {
    add(prefix, "n=" + std::to_string(n), [n, kernel = level.logsumexp_f32](benchmark::State& state) {
      time_scores(state, n, false, [&](const float* z) { benchmark::DoNotOptimize(kernel(z, n)); });
    });
  }
}

void add_exp_shift_f32(const std::string& prefix, const simd::Kernels& level) {
  add(prefix, "n=8192", [kernel = level.exp_shift_f32](benchmark::State& state) {
    time_scores(state, kScoredRows, true, [&](float* z) { kernel(z, kScoredRows, 4.0f); });
  });
}

void add_exp_sum_f32(const std::string& prefix, const simd::Kernels& level) {
  add(prefix, "n=8192", [kernel = level.exp_sum_f32](benchmark::State& state) {
    time_scores(state, kScoredRows, true, [&](float* z) {
      float shift = 0;
      benchmark::DoNotOptimize(kernel(z, kScoredRows, &shift));
    });
  });
}

void add_sigmoid_f32(const std::string& prefix, const simd::Kernels& level) {
  add(prefix, "n=8192", [kernel = level.sigmoid_f32](benchmark::State& state) {
    time_scores(state, kScoredRows, true, [&](float* z) { benchmark::DoNotOptimize(kernel(z, kScoredRows)); });
  });
}

void add_topk_f32(const std::string& prefix, const simd::Kernels& level) {
  for (const std::size_t n : {kScoredRows, std::size_t{kRows}}) {
    for (const std::size_t k : {5u, 1000u}) {
      const std::string shape = "n=" + std::to_string(n) + " k=" + std::to_string(k);
      add(prefix, shape, [n, k, kernel = level.topk_f32](benchmark::State& state) {
        std::vector<std::uint32_t> index(k);
        std::vector<float> value(k);
        time_scores(state, n, false,
                    [&](const float* z) { benchmark::DoNotOptimize(kernel(z, n, k, index.data(), value.data())); });
      });
    }
  }
}

}  // namespace glissade::bench
