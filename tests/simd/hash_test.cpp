#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

/// A block of 16 vectors in which exact zeros, ties and rounding that depends on the order of addition are common.
std::vector<float> block(Random& random, std::size_t dimension) {
  std::vector<float> x(dimension * kHashLanes);
  for (float& value : x) {
    switch (random.below(6)) {
      case 0: value = 0.0f; break;
      case 1: value = -0.0f; break;
      case 2: value = 0.25f; break;
      case 3: value = random.uniform(-1e6f, 1e6f); break;
      default: value = random.uniform(-1.0f, 1.0f); break;
    }
  }
  if (!x.empty()) x[x.size() / 2] = kNan;
  return x;
}

void check_simhash(const Kernels& level, Random& random, std::size_t dimension, std::size_t nonzeros, std::size_t tables,
                   std::size_t k, Placement placement) {
  const std::vector<float> x = block(random, dimension);
  std::vector<std::uint32_t> terms = random.ids(tables * k * nonzeros, static_cast<std::uint32_t>(dimension));
  for (std::uint32_t& term : terms) term |= random.below(2) << 31;
  std::vector<std::uint32_t> expected(tables * kHashLanes);
  scalar_kernels().simhash_codes(x.data(), terms.data(), nonzeros, tables, k, expected.data());
  Guarded<float> guarded_x(x, placement);
  Guarded<std::uint32_t> guarded_terms(terms, placement), codes(expected.size(), placement);
  level.simhash_codes(guarded_x.data(), guarded_terms.data(), nonzeros, tables, k, codes.data());
  INFO("dimension " << dimension << ", nonzeros " << nonzeros << ", tables " << tables << ", k " << k);
  REQUIRE(codes.intact());
  REQUIRE(codes.values() == expected);
}

void check_wta(const Kernels& level, Random& random, std::size_t dimension, std::size_t bin_size, std::size_t bins,
               Placement placement) {
  std::vector<float> x = block(random, dimension);
  for (std::size_t i = 0; i < x.size() / 2; ++i) x[i] = random.below(2) != 0 ? 0.0f : -0.0f;  // so that bins are empty
  const std::vector<std::uint32_t> positions = random.ids(bin_size * bins, static_cast<std::uint32_t>(dimension));
  std::vector<std::uint8_t> expected(bins * kHashLanes);
  scalar_kernels().wta_digits(x.data(), positions.data(), bin_size, bins, expected.data());
  Guarded<float> guarded_x(x, placement);
  Guarded<std::uint32_t> guarded_positions(positions, placement);
  Guarded<std::uint8_t> digits(expected.size(), placement);
  level.wta_digits(guarded_x.data(), guarded_positions.data(), bin_size, bins, digits.data());
  INFO("dimension " << dimension << ", bin size " << bin_size << ", bins " << bins);
  REQUIRE(digits.intact());
  REQUIRE(digits.values() == expected);
}

}  // namespace

void check_simhash_codes(const Kernels& level) {
  Random random(71);
  for (const Placement placement : kPlacements) {
    for (const std::size_t tables : {0, 1, 2, 7, 50}) {
      for (const std::size_t k : {0, 1, 3, 9, 32}) {
        for (const std::size_t nonzeros : {0, 1, 8, 43}) check_simhash(level, random, 129, nonzeros, tables, k, placement);
      }
    }
  }
}

void check_wta_digits(const Kernels& level) {
  Random random(72);
  for (const Placement placement : kPlacements) {
    for (const std::size_t bins : {0, 1, 2, 3, 4, 5, 9, 300}) {
      for (const std::size_t bin_size : {0, 1, 2, 8, 16, 128}) check_wta(level, random, 129, bin_size, bins, placement);
    }
  }
}

TEST_CASE("simhash_codes packs the signs of its sums", "[unit]") {
  // Lane l holds the vector (l - 7.5, 1). Projections: +x0, -x0, +x0 +x1 | -x1, +x1, +x1 -x1.
  std::vector<float> x(2 * kHashLanes);
  for (std::size_t lane = 0; lane < kHashLanes; ++lane) {
    x[lane] = static_cast<float>(lane) - 7.5f;
    x[kHashLanes + lane] = 1.0f;
  }
  constexpr std::uint32_t kMinus = 0x80000000u;
  const std::uint32_t terms[] = {0, 0, kMinus | 0, kMinus | 0, 0, 1, kMinus | 1, kMinus | 1, 1, 1, 1, kMinus | 1};
  std::uint32_t codes[2 * kHashLanes];
  scalar_kernels().simhash_codes(x.data(), terms, 2, 2, 3, codes);
  for (std::size_t lane = 0; lane < kHashLanes; ++lane) {
    const float x0 = x[lane];
    const std::uint32_t first = (x0 > 0 ? 1u : 0u) | (x0 < 0 ? 2u : 0u) | (x0 + 1 > 0 ? 4u : 0u);
    CHECK(codes[lane] == first);
    CHECK(codes[kHashLanes + lane] == 2u);
  }
}

TEST_CASE("wta_digits names the first of the largest values, or an empty bin", "[unit]") {
  const float rows[][3] = {{1, 2, 3}, {3, 1, 3}, {-2, -1, -1}, {0, 0, 0}, {-1, 0, 0}, {0, 0, 5}, {-3, -2, -1}};
  const std::uint8_t expected[] = {2, 0, 1, 255, 1, 2, 2};
  std::vector<float> x(3 * kHashLanes, 0.0f);
  for (std::size_t lane = 0; lane < std::size(rows); ++lane) {
    for (std::size_t j = 0; j < 3; ++j) x[j * kHashLanes + lane] = rows[lane][j];
  }
  const std::uint32_t positions[] = {0, 1, 2};
  std::uint8_t digits[kHashLanes];
  scalar_kernels().wta_digits(x.data(), positions, 3, 1, digits);
  for (std::size_t lane = 0; lane < kHashLanes; ++lane) {
    INFO("lane " << lane);
    CHECK(digits[lane] == (lane < std::size(expected) ? expected[lane] : 255));
  }
}

}  // namespace glissade::simd::test
