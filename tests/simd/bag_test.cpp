#include "tests/simd/budgets.h"
#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

constexpr std::uint32_t kRows = 19;
constexpr std::size_t kCounts[] = {0, 1, 2, 5, 40};

template <class T>
using BagKernel = void (*)(const T*, std::size_t, const std::uint32_t*, const float*, std::size_t, std::size_t, float*) noexcept;

template <class T>
void check_case(BagKernel<T> bag, const std::vector<T>& rows, std::size_t stride, std::size_t width,
                const std::vector<std::uint32_t>& ids, const std::vector<float>& weights, Placement placement) {
  Guarded<T> guarded_rows(rows, placement);
  Guarded<std::uint32_t> guarded_ids(ids, placement);
  Guarded<float> guarded_weights(weights, placement), out(width, placement);
  bag(guarded_rows.data(), stride, guarded_ids.data(), guarded_weights.data(), ids.size(), width, out.data());
  REQUIRE(out.intact());
  for (std::size_t d = 0; d < width; ++d) {
    double exact = 0.0, magnitude = 0.0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const double product = double{weights[i]} * double{value_of(rows[ids[i] * stride + d])};
      exact += product;
      magnitude += std::abs(product);
    }
    if (!within(out[d], exact, bag_budget(ids.size(), magnitude))) {
      FAIL("width " << width << ", rows " << ids.size() << ", column " << d << ", got " << out[d] << ", exact " << exact);
    }
  }
}

template <class T, class Convert>
void check_bag(BagKernel<T> bag, Convert convert) {
  Random random(21);
  for (const std::size_t width : kLengths) {
    const std::size_t stride = (width + 31) / 32 * 32;
    std::vector<float> table = random.floats(kRows * stride);
    if (!table.empty()) table.resize(table.size() - stride + width);
    const std::vector<T> rows = convert(table);
    for (const std::size_t count : kCounts) {
      for (const Placement placement : kPlacements) {
        check_case<T>(bag, rows, stride, width, random.ids(count, kRows), random.floats(count), placement);
      }
    }
  }
}

}  // namespace

void check_bag_f32(const Kernels& level) { check_bag<float>(level.bag_f32, as_floats); }
void check_bag_bf16(const Kernels& level) { check_bag<std::uint16_t>(level.bag_bf16, bf16_of); }

}  // namespace glissade::simd::test
