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
    for (const std::size_t blocks : {0, 1, 2, 3, 40}) {
      const std::vector<std::uint8_t> codes = bytes(blocks * kSketchRows * kSketchBytes), tables = bytes(2 * kSketchBytes * 16);
      std::vector<std::uint16_t> expected(blocks * kSketchRows);
      scalar_kernels().sketch_sums(codes.data(), blocks, tables.data(), expected.data());
      Guarded<std::uint8_t> guarded_codes(codes, placement), guarded_tables(tables, placement);
      Guarded<std::uint16_t> sums(expected.size(), placement);
      level.sketch_sums(guarded_codes.data(), blocks, guarded_tables.data(), sums.data());
      INFO("blocks " << blocks);
      REQUIRE(sums.intact());
      REQUIRE(sums.values() == expected);
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
  scalar_kernels().sketch_sums(codes.data(), 1, tables.data(), sums.data());
  CHECK(sums[3] == 307);
  CHECK(sums[31] == 7);
  CHECK(sums[0] == 0);
}

}  // namespace glissade::simd::test
