#include "tests/simd/budgets.h"
#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

constexpr std::size_t kHeights[] = {0, 1, 2, 3, 5, 6, 7, 12, 13, 15, 16, 17, 31, 32, 33, 47, 50, 64, 65};
constexpr std::size_t kDepths[] = {32, 64, 96, 256};
constexpr std::size_t kPanelCounts[] = {0, 1, 2, 3, 4};

// What the operands of a block product are: how they are written and read, how far a product may be off, and the kernel.
struct F32 {
  using Element = float;
  static constexpr std::size_t kGroup = 1;  ///< neighbouring k of a column that lie side by side
  static constexpr float kFactor = 1;
  static double value(float v) { return v; }
  static std::vector<float> convert(const std::vector<float>& values) { return values; }
  static double budget(std::size_t k, double magnitude) { return block_budget(k, magnitude); }
  static void multiply(const Kernels& level, const float* a, std::size_t a_stride, std::size_t m, std::size_t k, const float* b,
                       std::size_t b_stride, std::size_t panels, const float* start, float* c, std::size_t c_stride) {
    level.block_f32(a, a_stride, m, k, b, b_stride, panels, start, c, c_stride);
  }
};

struct Bf16 {
  using Element = std::uint16_t;
  static constexpr std::size_t kGroup = 2;
  static constexpr float kFactor = 1;
  static double value(std::uint16_t v) { return bf16_value(v); }
  static std::vector<std::uint16_t> convert(const std::vector<float>& values) { return bf16_of(values); }
  static double budget(std::size_t k, double magnitude) { return block_budget(k, magnitude); }
  static void multiply(const Kernels& level, const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k,
                       const std::uint16_t* b, std::size_t b_stride, std::size_t panels, const float* start, float* c,
                       std::size_t c_stride) {
    level.block_bf16(a, a_stride, m, k, b, b_stride, panels, start, c, c_stride);
  }
};

struct F16 {
  using Element = std::uint16_t;
  static constexpr std::size_t kGroup = 2;
  static constexpr float kFactor = 0.125f;
  static double value(std::uint16_t v) {
    const int exponent = v >> 10 & 31;
    const double magnitude = std::ldexp((v & 0x3ff) + (exponent != 0 ? 0x400 : 0), std::max(exponent, 1) - 25);
    if (exponent == 31) return std::numeric_limits<double>::quiet_NaN();
    return (v & 0x8000) != 0 ? -magnitude : magnitude;
  }
  static std::vector<std::uint16_t> convert(const std::vector<float>& values) {
    std::vector<std::uint16_t> halves(values.size());
    scalar_kernels().scale_f16(1.0f, values.data(), halves.data(), values.size());
    return halves;
  }
  static double budget(std::size_t k, double magnitude) {
    return block_budget(k, magnitude) + half_block_budget(k, std::min(k, kHalfDepth), magnitude);
  }
  static void multiply(const Kernels& level, const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k,
                       const std::uint16_t* b, std::size_t b_stride, std::size_t panels, const float* start, float* c,
                       std::size_t c_stride) {
    level.block_f16(a, a_stride, m, k, b, b_stride, panels, kFactor, start, c, c_stride);
  }
};

/// Where element (d, j) of B lies in its panel.
template <class Kind>
std::size_t place(std::size_t d, std::size_t j) {
  constexpr std::size_t kGroup = Kind::kGroup;
  return d / kGroup * kGroup * kPanelColumns + j * kGroup + d % kGroup;
}

struct Shape {
  std::size_t m, k, panels;
};

/// C has gaps between its rows, which must stay as they are; so have A and the panels, and their gaps hold NaN.
template <class Kind>
void check_shape(const Kernels& level, const Shape& shape, bool accumulate, Placement placement, Random& random) {
  using T = typename Kind::Element;
  const std::size_t a_stride = shape.k + 32, panel_stride = (shape.k + 32) * kPanelColumns, n = shape.panels * kPanelColumns;
  const std::size_t c_stride = n + 3;
  const auto size_of = [](std::size_t count, std::size_t stride, std::size_t last) {
    return count == 0 ? 0 : (count - 1) * stride + last;
  };
  std::vector<float> a_values = random.floats(size_of(shape.m, a_stride, shape.k), -2.0f, 2.0f);
  for (std::size_t i = 0; i < a_values.size(); ++i) {
    if (i % a_stride >= shape.k) a_values[i] = kNan;
  }
  const std::size_t panel_size = shape.k * kPanelColumns;
  std::vector<float> b_values = random.floats(size_of(shape.panels, panel_stride, panel_size), -2.0f, 2.0f);
  for (std::size_t i = 0; i < b_values.size(); ++i) {
    if (i % panel_stride >= panel_size) b_values[i] = kNan;
  }
  const std::vector<float> start = random.floats(n), before = random.floats(size_of(shape.m, c_stride, n));
  const std::vector<T> a = Kind::convert(a_values), b = Kind::convert(b_values);
  Guarded<T> guarded_a(a, placement), guarded_b(b, placement);
  Guarded<float> guarded_start(start, placement), c(before, placement);
  Kind::multiply(level, guarded_a.data(), a_stride, shape.m, shape.k, guarded_b.data(), panel_stride, shape.panels,
                 accumulate ? nullptr : guarded_start.data(), c.data(), c_stride);
  REQUIRE(c.intact());
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::size_t row = i / c_stride, column = i % c_stride;
    if (column >= n) {
      REQUIRE(c[i] == before[i]);
      continue;
    }
    const T* panel = b.data() + column / kPanelColumns * panel_stride;
    double exact = accumulate ? before[i] : start[column], magnitude = std::abs(exact);
    for (std::size_t d = 0; d < shape.k; ++d) {
      const double product =
          double{Kind::kFactor} * Kind::value(a[row * a_stride + d]) * Kind::value(panel[place<Kind>(d, column % kPanelColumns)]);
      exact += product;
      magnitude += std::abs(product);
    }
    if (!within(c[i], exact, Kind::budget(shape.k, magnitude))) {
      FAIL("m " << shape.m << ", k " << shape.k << ", panels " << shape.panels << ", row " << row << ", column " << column
                << ": got " << c[i] << ", exact " << exact);
    }
  }
}

template <class Kind>
void check_block(const Kernels& level) {
  Random random(31);
  for (const std::size_t k : kDepths) {
    for (const std::size_t m : kHeights) {
      for (const std::size_t panels : kPanelCounts) {
        for (const bool accumulate : {false, true}) {
          const Placement placement = kPlacements[(m + panels) % std::size(kPlacements)];
          check_shape<Kind>(level, {m, k, panels}, accumulate, placement, random);
        }
      }
    }
  }
}

/// The contract's promise that an element does not depend on its neighbours: any part of C has the bits of the whole.
template <class Kind>
void check_independence(const Kernels& level) {
  Random random(32);
  constexpr std::size_t kM = 45, kK = 96, kPanels = 3, kN = kPanels * kPanelColumns;
  const auto a = Kind::convert(random.floats(kM * kK)), b = Kind::convert(random.floats(kN * kK));
  const std::vector<float> start = random.floats(kN);
  std::vector<float> whole(kM * kN), part(kM * kN);
  Kind::multiply(level, a.data(), kK, kM, kK, b.data(), kK * kPanelColumns, kPanels, start.data(), whole.data(), kN);
  for (const std::size_t step : {1u, 4u, 7u, 32u}) {
    for (std::size_t i = 0; i < kM; i += step) {
      for (std::size_t p = 0; p < kPanels; ++p) {
        Kind::multiply(level, a.data() + i * kK, kK, std::min<std::size_t>(step, kM - i), kK, b.data() + p * kK * kPanelColumns,
                       kK * kPanelColumns, 1, start.data() + p * kPanelColumns, part.data() + i * kN + p * kPanelColumns, kN);
      }
    }
    INFO("rows by " << step);
    REQUIRE(same_bits(part, whole));
  }
}

}  // namespace

void check_block_f32(const Kernels& level) {
  check_block<F32>(level);
  check_independence<F32>(level);
}

void check_block_bf16(const Kernels& level) {
  check_block<Bf16>(level);
  check_independence<Bf16>(level);
}

void check_block_f16(const Kernels& level) {
  check_block<F16>(level);
  check_independence<F16>(level);
}

}  // namespace glissade::simd::test
