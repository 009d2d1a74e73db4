#include "tests/simd/budgets.h"
#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

constexpr std::uint32_t kDotRows = 23;
constexpr std::size_t kDotCounts[] = {0, 1, 2, 3, 4, 5, 8, 17, 40};

template <class T>
using DotsKernel = void (*)(const T*, const T*, std::size_t, const std::uint32_t*, std::size_t, std::size_t, float*) noexcept;

// The rows end where the last one's `width` elements end: the padding of the last row is out of bounds here.
template <class T>
void check_case(DotsKernel<T> dots, const std::vector<T>& x, const std::vector<T>& rows, std::size_t stride,
                const std::vector<std::uint32_t>& ids, Placement placement) {
  const std::size_t width = x.size();
  Guarded<T> guarded_x(x, placement), guarded_rows(rows, placement);
  Guarded<std::uint32_t> guarded_ids(ids, placement);
  Guarded<float> out(ids.size(), placement);
  dots(guarded_x.data(), guarded_rows.data(), stride, guarded_ids.data(), ids.size(), width, out.data());
  REQUIRE(out.intact());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    double exact = 0.0, magnitude = 0.0;
    for (std::size_t d = 0; d < width; ++d) {
      const double product = double{value_of(x[d])} * double{value_of(rows[ids[i] * stride + d])};
      exact += product;
      magnitude += std::abs(product);
    }
    if (!within(out[i], exact, dot_budget(width, magnitude))) {
      FAIL("width " << width << ", row " << i << " of " << ids.size() << ", got " << out[i] << ", exact " << exact);
    }
  }
}

template <class T, class Convert>
void check_dots(DotsKernel<T> dots, Convert convert) {
  Random random(11);
  for (const std::size_t width : kLengths) {
    const std::size_t stride = (width + 31) / 32 * 32;
    const std::vector<T> x = convert(random.floats(width, -2.0f, 2.0f));
    std::vector<float> table = random.floats(kDotRows * stride, -2.0f, 2.0f);
    for (std::size_t row = 0; row < kDotRows; ++row) {  // padding must not leak into the sums
      for (std::size_t j = width; j < stride; ++j) table[row * stride + j] = kNan;
    }
    if (!table.empty()) table.resize(table.size() - stride + width);
    const std::vector<T> rows = convert(table);
    for (const std::size_t count : kDotCounts) {
      for (const Placement placement : kPlacements) check_case<T>(dots, x, rows, stride, random.ids(count, kDotRows), placement);
    }
  }
}

}  // namespace

void check_dots_f32(const Kernels& level) {
  check_dots<float>(level.dots_f32, as_floats);
  const std::vector<float> x = Random(12).floats(3000), rows = Random(13).floats(5 * 3008);
  check_case<float>(level.dots_f32, x, rows, 3008, {4, 0, 3, 3, 1, 2}, {true, 0});
}

void check_dots_bf16(const Kernels& level) {
  check_dots<std::uint16_t>(level.dots_bf16, bf16_of);
  const std::vector<std::uint16_t> x = bf16_of(Random(12).floats(3000)), rows = bf16_of(Random(13).floats(5 * 3008));
  check_case<std::uint16_t>(level.dots_bf16, x, rows, 3008, {4, 0, 3, 3, 1, 2}, {true, 0});
}

void check_axpy_f32(const Kernels& level) {
  Random random(14);
  for (const std::size_t n : kLengths) {
    for (const Placement placement : kPlacements) {
      const std::vector<float> x = random.floats(n), y = random.floats(n);
      std::vector<float> expected = y;
      scalar_kernels().axpy_f32(-0.37f, x.data(), expected.data(), n);
      Guarded<float> guarded_x(x, placement), guarded_y(y, placement);
      level.axpy_f32(-0.37f, guarded_x.data(), guarded_y.data(), n);
      INFO("n " << n);
      REQUIRE(guarded_y.intact());
      REQUIRE(same_bits(guarded_y.values(), expected));
      for (std::size_t i = 0; i < n; ++i) {
        const double exact = double{y[i]} + double{-0.37f} * double{x[i]};
        if (!within(expected[i], exact, 2 * kRounding * (std::abs(exact) + std::abs(0.37 * double{x[i]})))) FAIL("element " << i);
      }
    }
  }
}

}  // namespace glissade::simd::test
