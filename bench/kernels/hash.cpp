// Hashing of blocks of 16 rows of 128 weights and a bias, as a build of 50 tables does it; sketches of a learned table's buckets.
#include <algorithm>
#include <random>

#include "bench/kernels/bench.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kDimension = 129;
constexpr std::size_t kTables = 50;

/// A block of vectors on a cache line, as callers should keep theirs: across two lines, a row of 16 lanes costs two reads.
struct alignas(64) Block {
  float x[kDimension * simd::kHashLanes];
  Block() {
    const std::vector<float> values = random_floats(kDimension * simd::kHashLanes, -1.0f, 1.0f);
    std::copy(values.begin(), values.end(), x);
  }
};

std::vector<std::uint32_t> random_positions(std::size_t n) {
  std::mt19937 engine(3);
  std::vector<std::uint32_t> positions(n);
  for (std::uint32_t& position : positions) position = engine() % kDimension;
  return positions;
}

}  // namespace

void add_simhash_codes(const std::string& prefix, const simd::Kernels& level) {
  constexpr std::size_t kBits = 9, kNonzeros = 43;
  add(prefix, "50 tables of 9 bits, 43 of 129", [kernel = level.simhash_codes](benchmark::State& state) {
    const Block block;
    std::vector<std::uint32_t> terms = random_positions(kTables * kBits * kNonzeros), codes(kTables * simd::kHashLanes);
    for (std::size_t i = 0; i < terms.size(); ++i) terms[i] |= static_cast<std::uint32_t>(i * 5 / 3 % 2) << 31;
    for (auto _ : state) {
      kernel(block.x, terms.data(), kNonzeros, kTables, kBits, codes.data());
      benchmark::ClobberMemory();
    }
    report_rate(state, "vectors", simd::kHashLanes);
  });
}

void add_wta_digits(const std::string& prefix, const simd::Kernels& level) {
  constexpr std::size_t kDigits = 6, kBinSize = 8;
  add(prefix, "50 tables of 6 digits, bins of 8", [kernel = level.wta_digits](benchmark::State& state) {
    const Block block;
    const std::vector<std::uint32_t> positions = random_positions(kTables * kDigits * kBinSize);
    std::vector<std::uint8_t> digits(kTables * kDigits * simd::kHashLanes);
    for (auto _ : state) {
      kernel(block.x, positions.data(), kBinSize, kTables * kDigits, digits.data());
      benchmark::ClobberMemory();
    }
    report_rate(state, "vectors", simd::kHashLanes);
  });
}

void add_sketch_sums(const std::string& prefix, const simd::Kernels& level) {
  constexpr std::size_t kBlocks = 32;
  add(prefix, "1,024 rows of 128 bits", [kernel = level.sketch_sums](benchmark::State& state) {
    std::mt19937 engine(4);
    std::vector<std::uint8_t> codes(kBlocks * simd::kSketchRows * simd::kSketchBytes), tables(2 * simd::kSketchBytes * 16);
    for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(engine());
    for (std::uint8_t& entry : tables) entry = static_cast<std::uint8_t>(engine());
    std::vector<std::uint16_t> sums(kBlocks * simd::kSketchRows);
    for (auto _ : state) {
      kernel(codes.data(), kBlocks, simd::kSketchBytes, tables.data(), sums.data());
      benchmark::ClobberMemory();
    }
    report_rate(state, "rows", kBlocks * simd::kSketchRows);
  });
}

void add_places_from(const std::string& prefix, const simd::Kernels& level) {
  constexpr std::size_t kSums = 2048;
  add(prefix, "1 of 1,000 from 2,048", [kernel = level.places_from](benchmark::State& state) {
    std::mt19937 engine(5);
    std::vector<std::uint16_t> sums(kSums);
    for (std::uint16_t& sum : sums) sum = static_cast<std::uint16_t>(engine() % 1000);
    std::vector<std::uint32_t> places(kSums);
    for (auto _ : state) {
      benchmark::DoNotOptimize(kernel(sums.data(), kSums, 999, places.data()));
      benchmark::ClobberMemory();
    }
    report_rate(state, "sums", kSums);
  });
}

}  // namespace glissade::bench
