// The AMX kernels on machines without AMX: their source, compiled against emulated tiles (amx_emulation.h).
#include "tests/simd/amx_emulation.h"

#include <algorithm>
#include <array>

#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::amx_emulated {
#define GLISSADE_DECLARE(name, result, parameters, levels) result name parameters noexcept;
GLISSADE_SIMD_KERNELS(GLISSADE_DECLARE)
#undef GLISSADE_DECLARE
}  // namespace glissade::simd::amx_emulated

namespace glissade::simd::test {
namespace {

/// As kernels_of(Level::amx), from the definitions upwards.
Kernels emulated_kernels() {
  Kernels table = scalar_kernels();
#define GLISSADE_LAY(name, result, parameters, levels) \
  if constexpr (((levels)&kAmx) != 0) table.name = amx_emulated::name;
  GLISSADE_SIMD_KERNELS(GLISSADE_LAY)
#undef GLISSADE_LAY
  return table;
}

struct Checked {
  const char* name;
  unsigned levels;
  void (*check)(const Kernels&);
};

constexpr Checked kChecked[] = {
#define GLISSADE_CHECKED(name, result, parameters, levels) {#name, levels, check_##name},
    GLISSADE_SIMD_KERNELS(GLISSADE_CHECKED)
#undef GLISSADE_CHECKED
};

/// A configuration of one shape for some tiles.
struct alignas(64) Shapes {
  std::array<std::uint8_t, 64> bytes = {1};

  Shapes& tile(std::size_t t, std::uint8_t rows, std::uint8_t row_bytes) {
    bytes[16 + 2 * t] = row_bytes;
    bytes[48 + t] = rows;
    return *this;
  }
};

/// What multiplying tiles of these shapes is refused for; "" if it is not.
std::string fault_of(const Shapes& shapes, int c = 0, int a = 1, int b = 2) {
  emulated::load_config(shapes.bytes.data());
  emulated::multiply_bf16(c, a, b);
  emulated::release();
  const char* const fault = emulated::take_fault();
  return fault != nullptr ? fault : "";
}

Shapes fitting() { return Shapes().tile(0, 5, 64).tile(1, 5, 12).tile(2, 3, 64); }

}  // namespace

TEST_CASE("the kernels of AMX agree with their definitions where tiles are emulated", "[simd]") {
  const Kernels table = emulated_kernels();
  std::size_t checked = 0;
  for (const Checked& entry : kChecked) {
    if ((entry.levels & kAmx) == 0) continue;
    ++checked;
    INFO(entry.name);
    entry.check(table);
    const char* const fault = emulated::take_fault();
    INFO((fault != nullptr ? fault : "no fault"));
    CHECK(fault == nullptr);
    CHECK_FALSE(emulated::is_configured());
  }
  CHECK(checked == 1);
}

TEST_CASE("emulated tiles refuse what a CPU refuses", "[unit]") {
  CHECK(fault_of(fitting()).empty());
  CHECK(fault_of(fitting(), 0, 1, 1) == "one tile as two operands");
  CHECK(fault_of(fitting(), 0, 1, 3) == "a tile that is not configured");
  CHECK(fault_of(fitting(), 0, 1, 8) == "no such tile");
  CHECK(fault_of(fitting().tile(1, 4, 12)) == "shapes that do not fit");
  CHECK(fault_of(fitting().tile(2, 4, 64)) == "shapes that do not fit");
  CHECK(fault_of(fitting().tile(0, 5, 60)) == "shapes that do not fit");
  CHECK(fault_of(fitting().tile(1, 5, 10)) == "rows that hold no whole pairs");
  CHECK(fault_of(fitting().tile(0, 17, 64)) == "a tile that is too large");
  CHECK(fault_of(fitting().tile(3, 1, 65)) == "a tile that is too large");
  CHECK(fault_of(fitting().tile(3, 0, 64)) == "a tile with rows or columns alone");
  CHECK(fault_of(fitting().tile(8, 1, 0)) == "tiles beyond the eighth");
  Shapes other = fitting();
  other.bytes[0] = 2;
  CHECK(fault_of(other) == "a palette that is not 1");
  other = fitting();
  other.bytes[1] = 3;
  CHECK(fault_of(other) == "a start row, or reserved bytes");
}

TEST_CASE("an emulated product sums even and odd places apart, with subnormal numbers as 0", "[unit]") {
  constexpr std::uint16_t kOne = 0x3f80, kTwo = 0x4000, kTiny = 0x0001, kLeast = 0x0080, kHalf = 0x3f00;
  const auto product = [](std::array<std::uint16_t, 2> a, std::array<std::uint16_t, 2> b, float c) {
    emulated::load_config(Shapes().tile(0, 1, 4).tile(1, 1, 4).tile(2, 1, 4).bytes.data());
    emulated::load(0, &c, 4);
    emulated::load(1, a.data(), 4);
    emulated::load(2, b.data(), 4);
    emulated::multiply_bf16(0, 1, 2);
    emulated::store(0, &c, 4);
    emulated::release();
    return c;
  };
  CHECK(product({kOne, kTwo}, {kTwo, kTwo}, 0.5f) == 6.5f);
  CHECK(product({kTiny, kOne}, {kOne, kOne}, 0) == 1);
  CHECK(product({kTiny, 0}, {kOne, 0}, 0) == 0);
  CHECK(product({kLeast, 0}, {kHalf, 0}, 0) == 0);  // a product below the least normal number
  CHECK(product({kLeast, 0}, {kOne, 0}, 0) == 0x1p-126f);
  CHECK(emulated::take_fault() == nullptr);
}

}  // namespace glissade::simd::test
