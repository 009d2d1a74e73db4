#include <utility>
#include <vector>

#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {

void check_sketch_sums(const Kernels& level) {
  Random random(73);
  const auto bytes = [&random](std::size_t count) {
    std::vector<std::uint8_t> values(count);
    for (std::uint8_t& value : values) value = static_cast<std::uint8_t>(random.below(4) == 0 ? 255 : random.below(256));
    return values;
  };
  for (const Placement placement : kPlacements) {
    for (const auto& [blocks, row_bytes] : std::vector<std::pair<std::size_t, std::size_t>>{
             {0, 16}, {1, 16}, {2, 0}, {2, 1}, {3, 7}, {40, 16}, {2, 33}, {1, 128}}) {
      const std::vector<std::uint8_t> codes = bytes(blocks * kSketchRows * row_bytes), tables = bytes(2 * row_bytes * 16);
      std::vector<std::uint16_t> expected(blocks * kSketchRows);
      scalar_kernels().sketch_sums(codes.data(), blocks, row_bytes, tables.data(), expected.data());
      Guarded<std::uint8_t> guarded_codes(codes, placement), guarded_tables(tables, placement);
      Guarded<std::uint16_t> sums(expected.size(), placement);
      level.sketch_sums(guarded_codes.data(), blocks, row_bytes, guarded_tables.data(), sums.data());
      INFO("blocks " << blocks << " of " << row_bytes << " bytes");
      REQUIRE(sums.intact());
      REQUIRE(sums.values() == expected);
    }
  }
}

void check_places_from(const Kernels& level) {
  Random random(74);
  for (const Placement placement : kPlacements) {
    for (const std::size_t n : {0, 1, 15, 16, 31, 32, 33, 64, 95, 1000}) {
      for (const std::uint16_t least : {0, 1, 500, 32767, 32768, 65535}) {
        std::vector<std::uint16_t> x(n);
        for (std::uint16_t& value : x)
          value = static_cast<std::uint16_t>(random.below(3) == 0   ? least
                                             : random.below(2) == 0 ? least - 1
                                                                    : random.below(65536));
        std::vector<std::uint32_t> expected;
        for (std::uint32_t j = 0; j < n; ++j) {
          if (x[j] >= least) expected.push_back(j);
        }
        Guarded<std::uint16_t> guarded(x, placement);
        Guarded<std::uint32_t> places(n, placement);
        const std::size_t count = level.places_from(guarded.data(), n, least, places.data());
        INFO("n " << n << ", least " << least);
        REQUIRE(places.intact());
        REQUIRE(count == expected.size());
        const std::vector<std::uint32_t> found = places.values();
        REQUIRE(std::vector(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count)) == expected);
      }
    }
  }
}

TEST_CASE("sketch_sums looks up both halves of every byte of a row", "[unit]") {
  std::vector<std::uint8_t> codes(kSketchRows * kSketchBytes), tables(2 * kSketchBytes * 16);
  tables[0 * 16 + 5] = 200;   // lower half of byte 0
  tables[1 * 16 + 10] = 100;  // upper half of byte 0
  tables[31 * 16 + 1] = 7;    // upper half of byte 15
  codes[0 * kSketchRows + 3] = 0xa5;
  codes[15 * kSketchRows + 3] = 0x10;
  codes[15 * kSketchRows + 31] = 0x1f;
  std::vector<std::uint16_t> sums(kSketchRows, 99);
  scalar_kernels().sketch_sums(codes.data(), 1, kSketchBytes, tables.data(), sums.data());
  CHECK(sums[3] == 307);
  CHECK(sums[31] == 7);
  CHECK(sums[0] == 0);
}

}  // namespace glissade::simd::test
