// Label rows that share their hidden units in blocks of 16 and 32, beside rows with units of their own and dense ones: what one
// core computes a second, at each level, as a table.
//   pattern_bench [--levels avx2,avx512] [--repeat 15]
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bench/patterns/shapes.h"

namespace glissade::bench {
namespace {

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <class Run>
double seconds_of(const Run& run) {
  const double start = cpu_seconds();
  run();
  return cpu_seconds() - start;
}

/// What one core can do at best: the smallest of several times. Products: block products whose operands stay in the first-level
/// cache, twelve rows by two panels at a time. Bytes: sums of a table much larger than the caches.
struct Ceilings {
  double f32 = 0, bf16 = 0, bytes = 0;
};

Ceilings measure_ceilings(simd::Level level) {
  constexpr std::size_t kHeight = 60, kDepth = 128, kPanels = 2, kTimes = 4'000;
  const simd::Kernels& kernels = simd::kernels_of(level);
  const std::vector<float> a(kHeight * kDepth, 0.5f), b(kDepth * kPanels * 16, 0.5f), start(kPanels * 16);
  const std::vector<std::uint16_t> a_half(a.size(), 0x3f00), b_half(b.size(), 0x3f00);
  std::vector<float> c(kHeight * kPanels * 16);
  const std::vector<float> table(std::size_t{64} << 20, 0.5f);
  Ceilings best;
  const double flops = 2.0 * kHeight * kDepth * kPanels * 16 * kTimes;
  for (int i = 0; i < 10; ++i) {
    best.f32 = std::max(best.f32, flops / seconds_of([&] {
                                    for (std::size_t j = 0; j < kTimes; ++j)
                                      kernels.block_f32(a.data(), kDepth, kHeight, kDepth, b.data(), kDepth * 16, kPanels,
                                                        start.data(), c.data(), kPanels * 16);
                                  }));
    if (level >= simd::Level::avx512bf16)
      best.bf16 = std::max(best.bf16, flops / seconds_of([&] {
                                        for (std::size_t j = 0; j < kTimes; ++j)
                                          kernels.block_bf16(a_half.data(), kDepth, kHeight, kDepth, b_half.data(), kDepth * 16,
                                                             kPanels, start.data(), c.data(), kPanels * 16);
                                      }));
    float sum = 0;
    const double read = seconds_of([&] { sum = kernels.sum_squares_f32(table.data(), table.size()); });
    if (sum < 0) std::abort();
    best.bytes = std::max(best.bytes, static_cast<double>(table.size() * sizeof(float)) / read);
  }
  return best;
}

const char* name_of(std::size_t block) {
  switch (block) {
    case 0: return "dense";
    case 1: return "unstructured";
    case 16: return "blocks of 16";
    default: return "blocks of 32";
  }
}

struct Timed {
  const Way* way = nullptr;
  double seconds = 0;
};

/// The fastest way of each product and kind. All ways take turns, so that a slow minute hits all of them; of each the smallest
/// time counts. A turn is two runs, of which the first brings the inputs back into the caches, as from one batch of rows to the
/// next.
std::map<std::size_t, std::map<Product, Timed>> fastest(const Ways& ways, int repeat) {
  std::vector<double> least(ways.all().size(), 1e30);
  for (int i = 0; i < repeat; ++i) {
    for (std::size_t w = 0; w < least.size(); ++w) {
      ways.all()[w].run();
      least[w] = std::min(least[w], seconds_of(ways.all()[w].run));
    }
  }
  std::map<std::size_t, std::map<Product, Timed>> best;
  for (std::size_t w = 0; w < least.size(); ++w) {
    const Way& way = ways.all()[w];
    Timed& timed = best[way.block][way.product];
    const double seconds = least[w] / way.share;
    if (timed.way == nullptr || seconds < timed.seconds) timed = {&way, seconds};
  }
  return best;
}

void print_shape(simd::Level level, const Ceilings& ceilings, const Shape& shape, int repeat) {
  const Ways ways(shape, level);
  auto best = fastest(ways, repeat);
  const auto total = [&](std::size_t block) {
    double seconds = 0;
    for (const auto& [product, timed] : best[block]) seconds += timed.seconds;
    return seconds;
  };
  for (const auto& [block, products] : best) {
    const double fan_in = static_cast<double>(block == 0 ? shape.width : shape.fan_in);
    const double flop = 2.0 * static_cast<double>(shape.labels) * fan_in * static_cast<double>(shape.samples);
    const double useful = 2.0 * static_cast<double>(shape.labels * shape.fan_in * shape.samples);
    double floor = 0, bytes = 0;
    std::string cells, kernels;
    for (const Product product : kProducts) {
      const auto found = products.find(product);
      if (found == products.end()) {
        cells += " - |";
        continue;
      }
      const Way& way = *found->second.way;
      floor += std::max(flop / (way.halves ? ceilings.bf16 : ceilings.f32), shape.samples == 1 ? way.bytes / ceilings.bytes : 0);
      if (product == Product::logits) bytes = way.bytes / (static_cast<double>(shape.labels * shape.fan_in));
      char cell[32];
      std::snprintf(cell, sizeof cell, " %.1f |", useful / found->second.seconds * 1e-9);
      cells += cell;
      kernels += (kernels.empty() ? "" : "; ") + way.kernel;
    }
    const double seconds = total(block);
    std::printf("| %s | %zu | %zu | %zu | %s |%s %.0f | %.2f | %.2f | %.2f | %s |\n",
                std::string(simd::level_name(level)).c_str(), shape.width, shape.fan_in, shape.samples, name_of(block),
                cells.c_str(), static_cast<double>(shape.samples) * static_cast<double>(shape.labels) / seconds * 1e-6, bytes,
                total(1) / seconds, seconds / floor, kernels.c_str());
    std::fflush(stdout);
  }
}

bool names(std::string_view list, std::string_view name) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    if (list.substr(begin, end - begin) == name) return true;
    begin = end + 1;
  }
  return false;
}

int run(int argc, char** argv) {
  std::string levels;
  int repeat = 15;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--levels") == 0 && i + 1 < argc) {
      levels = argv[++i];
    } else if (std::strcmp(argv[i], "--repeat") == 0 && i + 1 < argc) {
      repeat = std::max(1, std::atoi(argv[++i]));
    } else {
      std::fprintf(stderr, "usage: pattern_bench [--levels avx2,avx512,avx512bf16] [--repeat 15]\n");
      return 2;
    }
  }
  std::printf(
      "| level | width | fan-in | samples | rows | logits GFLOP/s | inputs GFLOP/s | weights GFLOP/s | 10^6 label samples/s |"
      " bytes a weight | times unstructured | time / floor | kernels |\n");
  std::printf("|---|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|---|\n");
  for (int i = 0; i < simd::kLevelCount; ++i) {
    const auto level = static_cast<simd::Level>(i);
    if (levels.empty() ? level == simd::Level::scalar : !names(levels, simd::level_name(level))) continue;
    if (!simd::is_usable(level)) {
      std::fprintf(stderr, "pattern_bench: this machine lacks %s\n", std::string(simd::level_name(level)).c_str());
      continue;
    }
    const Ceilings ceilings = measure_ceilings(level);
    std::fprintf(stderr, "%s: at best %.0f GFLOP/s in floats, %.0f in bf16, %.1f GB/s, on one core\n",
                 std::string(simd::level_name(level)).c_str(), ceilings.f32 * 1e-9, ceilings.bf16 * 1e-9, ceilings.bytes * 1e-9);
    for (const std::size_t samples : {std::size_t{1}, std::size_t{64}}) {
      for (const std::size_t width : {std::size_t{512}, std::size_t{8192}}) {
        for (const std::size_t fan_in : {std::size_t{64}, std::size_t{128}})
          print_shape(level, ceilings, {width, fan_in, samples, samples == 1 ? std::size_t{670'080} : std::size_t{4'096}},
                      repeat);
      }
    }
  }
  return 0;
}

}  // namespace
}  // namespace glissade::bench

int main(int argc, char** argv) { return glissade::bench::run(argc, argv); }
