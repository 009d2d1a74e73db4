#include "tests/simd/budgets.h"
#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

constexpr std::size_t kHeights[] = {0, 1, 2, 3, 5, 6, 7, 12, 13, 15, 16, 17, 31, 32, 33, 47, 50, 64, 65};
constexpr std::size_t kDepths[] = {32, 64, 96, 256};
constexpr std::size_t kPanelCounts[] = {0, 1, 2, 3, 4};

float value_of(float v) { return v; }
float value_of(std::uint16_t v) { return bf16_value(v); }

template <class T>
constexpr std::size_t kGroup = sizeof(float) / sizeof(T);

/// Where element (d, j) of B lies in its panel.
template <class T>
std::size_t place(std::size_t d, std::size_t j) {
  return d / kGroup<T> * kGroup<T> * kPanelColumns + j * kGroup<T> + d % kGroup<T>;
}

template <class T>
using BlockKernel = void (*)(const T*, std::size_t, std::size_t, std::size_t, const T*, std::size_t, std::size_t, const float*,
                             float*, std::size_t) noexcept;

struct Shape {
  std::size_t m, k, panels;
};

/// C has gaps between its rows, which must stay as they are; so have A and the panels, and their gaps hold NaN.
template <class T, class Convert>
void check_shape(BlockKernel<T> block, const Shape& shape, bool accumulate, Placement placement, Random& random,
                 Convert convert) {
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
  const std::vector<T> a = convert(a_values), b = convert(b_values);
  Guarded<T> guarded_a(a, placement), guarded_b(b, placement);
  Guarded<float> guarded_start(start, placement), c(before, placement);
  block(guarded_a.data(), a_stride, shape.m, shape.k, guarded_b.data(), panel_stride, shape.panels,
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
          double{value_of(a[row * a_stride + d])} * double{value_of(panel[place<T>(d, column % kPanelColumns)])};
      exact += product;
      magnitude += std::abs(product);
    }
    if (!within(c[i], exact, block_budget(shape.k, magnitude))) {
      FAIL("m " << shape.m << ", k " << shape.k << ", panels " << shape.panels << ", row " << row << ", column " << column
                << ": got " << c[i] << ", exact " << exact);
    }
  }
}

template <class T, class Convert>
void check_block(BlockKernel<T> block, Convert convert) {
  Random random(31);
  for (const std::size_t k : kDepths) {
    for (const std::size_t m : kHeights) {
      for (const std::size_t panels : kPanelCounts) {
        for (const bool accumulate : {false, true}) {
          const Placement placement = kPlacements[(m + panels) % std::size(kPlacements)];
          check_shape<T>(block, {m, k, panels}, accumulate, placement, random, convert);
        }
      }
    }
  }
}

/// The contract's promise that an element does not depend on its neighbours: any part of C has the bits of the whole.
template <class T, class Convert>
void check_independence(BlockKernel<T> block, Convert convert) {
  Random random(32);
  constexpr std::size_t kM = 45, kK = 96, kPanels = 3, kN = kPanels * kPanelColumns;
  const std::vector<T> a = convert(random.floats(kM * kK)), b = convert(random.floats(kN * kK));
  const std::vector<float> start = random.floats(kN);
  std::vector<float> whole(kM * kN), part(kM * kN);
  block(a.data(), kK, kM, kK, b.data(), kK * kPanelColumns, kPanels, start.data(), whole.data(), kN);
  for (const std::size_t step : {1u, 4u, 7u, 32u}) {
    for (std::size_t i = 0; i < kM; i += step) {
      for (std::size_t p = 0; p < kPanels; ++p) {
        block(a.data() + i * kK, kK, std::min<std::size_t>(step, kM - i), kK, b.data() + p * kK * kPanelColumns,
              kK * kPanelColumns, 1, start.data() + p * kPanelColumns, part.data() + i * kN + p * kPanelColumns, kN);
      }
    }
    INFO("rows by " << step);
    REQUIRE(same_bits(part, whole));
  }
}

std::vector<float> as_floats(const std::vector<float>& values) { return values; }

}  // namespace

void check_block_f32(const Kernels& level) {
  check_block<float>(level.block_f32, as_floats);
  check_independence<float>(level.block_f32, as_floats);
}

void check_block_bf16(const Kernels& level) {
  check_block<std::uint16_t>(level.block_bf16, bf16_of);
  check_independence<std::uint16_t>(level.block_bf16, bf16_of);
}

}  // namespace glissade::simd::test
