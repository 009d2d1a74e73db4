// What this machine can do at most, as one JSON object: bytes a second from memory, in sequence, by random rows, and by random
// rows that are read and written; and products of the block kernels on operands that the caches hold. All with as many threads as
// oneTBB takes.
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include <glissade/runtime.h>

#include "engine/dense/blocks.h"
#include "engine/parameters/array.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kBytes = std::size_t{1} << 30;  ///< far more than any cache holds
constexpr int kRounds = 9;
constexpr std::size_t kAhead = 8;  ///< rows that are asked for ahead of their change

std::size_t threads() { return static_cast<std::size_t>(tbb::info::default_concurrency()); }

/// The best of a few rounds of `work`, run by every thread at once: seconds.
double best_seconds(const std::function<void(std::size_t thread)>& work) {
  double best = 1e30;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    tbb::parallel_for(std::size_t{0}, threads(), work, tbb::static_partitioner());
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

/// Bytes a second of reading `table` from one end to the other (dots with rows in sequence).
double sequential_rate(const Array<float>& table) {
  constexpr std::size_t kWidth = 1024;
  const std::size_t rows = table.size() / kWidth, share = rows / threads();
  std::vector<std::uint32_t> ids(rows);
  for (std::size_t i = 0; i < rows; ++i) ids[i] = static_cast<std::uint32_t>(i);
  const std::vector<float> x(kWidth, 1.f);
  std::vector<float> out(rows);
  const double seconds = best_seconds([&](std::size_t thread) {
    simd::kernels().dots_f32(x.data(), table.data(), kWidth, ids.data() + thread * share, share, kWidth,
                             out.data() + thread * share);
  });
  return static_cast<double>(share * threads() * kWidth * sizeof(float)) / seconds;
}

/// The same for rows of 256 bytes in random order.
double random_rate(const Array<float>& table) {
  constexpr std::size_t kWidth = 64, kRead = 1'000'000;
  const std::size_t rows = table.size() / kWidth;
  hashing::Random random(7);
  std::vector<std::uint32_t> ids(kRead * threads());
  for (std::uint32_t& id : ids) id = static_cast<std::uint32_t>(random.below(rows));
  const std::vector<float> x(kWidth, 1.f);
  std::vector<float> out(ids.size());
  const double seconds = best_seconds([&](std::size_t thread) {
    simd::kernels().dots_f32(x.data(), table.data(), kWidth, ids.data() + thread * kRead, kRead, kWidth,
                             out.data() + thread * kRead);
  });
  return static_cast<double>(ids.size() * kWidth * sizeof(float)) / seconds;
}

/// Bytes a second, read and written, of changing every row of 256 bytes once, in random order.
double update_rate(Array<float>& table) {
  constexpr std::size_t kWidth = 64;
  std::vector<std::uint32_t> ids(table.size() / kWidth);
  std::iota(ids.begin(), ids.end(), 0u);
  hashing::Random random(8);
  for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[random.below(i)]);
  const std::size_t share = ids.size() / threads();
  const std::vector<float> x(kWidth, 1.f);
  const double seconds = best_seconds([&](std::size_t thread) {
    for (std::size_t i = thread * share; i < (thread + 1) * share; ++i) {
      const float* const next = table.data() + ids[std::min(i + kAhead, ids.size() - 1)] * kWidth;
      for (std::size_t d = 0; d < kWidth; d += 16) __builtin_prefetch(next + d, 1);
      simd::kernels().axpy_f32(1.f, x.data(), table.data() + ids[i] * kWidth, kWidth);
    }
  });
  return 2.0 * static_cast<double>(share * threads() * kWidth * sizeof(float)) / seconds;
}

/// Floating-point operations a second of block products, 96 x 256 x 64.
double product_rate(dense::Element element) {
  constexpr std::size_t kM = 96, kK = 256, kPanels = 4, kN = kPanels * simd::kPanelColumns, kTimes = 2000;
  const double seconds = best_seconds([&](std::size_t) {
    std::vector<float> a(kM * kK), b(kK * kN), c(kM * kN);  // as many as the widest elements need
    for (std::size_t i = 0; i < kTimes; ++i) {
      dense::multiply_panels(element, {a.data(), kK}, kM, kK, {b.data(), kK * simd::kPanelColumns}, kPanels, 1.f, nullptr,
                             c.data(), kN);
    }
  });
  return 2.0 * static_cast<double>(kM * kK * kN * kTimes * threads()) / seconds;
}

int run() {
  if (auto environment = check_environment(); !environment) {
    fmt::print(stderr, "ceilings: {}\n", environment.error().message);
    return 2;
  }
  const dense::Element element = dense::step_element_for(Storage::bf16_mixed);
  Array<float> table(kBytes / sizeof(float));
  std::fill_n(table.data(), table.size(), 1.f);
  fmt::print(
      "{{\"simd\":\"{}\",\"threads\":{},\"sequential_bytes\":{:.4g},\"random_bytes\":{:.4g},"
      "\"update_bytes\":{:.4g},\"block_flops\":{:.4g},\"product_bytes\":{}}}\n",
      simd::level_name(simd::active_level()), threads(), sequential_rate(table), random_rate(table), update_rate(table),
      product_rate(element), element == dense::Element::f32 ? 4 : 2);
  return 0;
}

}  // namespace
}  // namespace glissade::bench

int main() { return glissade::bench::run(); }
