#include <type_traits>

#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

template <class T>
std::vector<T> numbers(std::size_t n, Random& random) {
  std::vector<T> values(n);
  for (T& value : values) value = static_cast<T>(random.below(60'000));
  return values;
}

template <class T>
using ColumnsKernel = void (*)(const T*, std::size_t, const std::uint32_t*, std::size_t, std::size_t, T*) noexcept;

template <class T>
void check_columns(ColumnsKernel<T> columns) {
  constexpr std::uint32_t kRows = 40;
  constexpr std::size_t kGroup = std::is_same_v<T, float> ? 1 : 2;  // depths side by side
  Random random(41);
  for (const std::size_t width : {32u, 64u, 160u}) {
    const std::size_t stride = width + 5;
    const std::vector<T> rows = numbers<T>((kRows - 1) * stride + width, random);
    for (std::size_t count = 0; count <= kPanelColumns; ++count) {
      for (const Placement placement : kPlacements) {
        const std::vector<std::uint32_t> ids = random.ids(count, kRows);
        Guarded<T> guarded_rows(rows, placement), panel(width * kPanelColumns, placement);
        Guarded<std::uint32_t> guarded_ids(ids, placement);
        columns(guarded_rows.data(), stride, guarded_ids.data(), count, width, panel.data());
        REQUIRE(panel.intact());
        std::vector<T> expected(width * kPanelColumns, T{0});
        for (std::size_t j = 0; j < count; ++j) {
          for (std::size_t d = 0; d < width; ++d) {
            expected[d / kGroup * kGroup * kPanelColumns + j * kGroup + d % kGroup] = rows[ids[j] * stride + d];
          }
        }
        INFO("width " << width << ", count " << count);
        REQUIRE(panel.values() == expected);
      }
    }
  }
}

}  // namespace

void check_columns_f32(const Kernels& level) { check_columns<float>(level.columns_f32); }
void check_columns_bf16(const Kernels& level) { check_columns<std::uint16_t>(level.columns_bf16); }

void check_pair_rows_bf16(const Kernels& level) {
  Random random(42);
  constexpr std::size_t kPanelStride = 32 + 7;
  for (const std::size_t panels : {0u, 1u, 2u, 5u}) {
    const std::size_t width = panels * kPanelColumns;
    for (const bool with_second : {false, true}) {
      for (const Placement placement : kPlacements) {
        const auto first = numbers<std::uint16_t>(width, random), second = numbers<std::uint16_t>(width, random);
        Guarded<std::uint16_t> guarded_first(first, placement), guarded_second(second, placement);
        const std::vector<std::uint16_t> before =
            numbers<std::uint16_t>(panels == 0 ? 0 : (panels - 1) * kPanelStride + 32, random);
        Guarded<std::uint16_t> out(before, placement);
        level.pair_rows_bf16(guarded_first.data(), with_second ? guarded_second.data() : nullptr, width, out.data(),
                             kPanelStride);
        std::vector<std::uint16_t> expected = before;
        for (std::size_t j = 0; j < width; ++j) {
          const std::size_t at = j / kPanelColumns * kPanelStride + j % kPanelColumns * 2;
          expected[at] = first[j];
          expected[at + 1] = with_second ? second[j] : std::uint16_t{0};
        }
        REQUIRE(out.intact());
        REQUIRE(out.values() == expected);
      }
    }
  }
}

void check_transpose_f32(const Kernels& level) {
  Random random(43);
  for (const std::size_t rows : {0u, 1u, 7u, 8u, 16u, 19u, 48u}) {
    for (const std::size_t columns : {0u, 1u, 5u, 8u, 16u, 33u}) {
      for (const Placement placement : kPlacements) {
        const std::size_t in_stride = columns + 2, out_stride = rows + 3;
        const auto in = numbers<float>(rows == 0 || columns == 0 ? 0 : (rows - 1) * in_stride + columns, random);
        const auto before = numbers<float>(rows == 0 || columns == 0 ? 0 : (columns - 1) * out_stride + rows, random);
        Guarded<float> guarded_in(in, placement), out(before, placement);
        level.transpose_f32(guarded_in.data(), in_stride, rows, columns, out.data(), out_stride);
        std::vector<float> expected = before;
        for (std::size_t i = 0; i < rows; ++i) {
          for (std::size_t j = 0; j < columns; ++j) expected[j * out_stride + i] = in[i * in_stride + j];
        }
        INFO(rows << " x " << columns);
        REQUIRE(out.intact());
        REQUIRE(out.values() == expected);
      }
    }
  }
}

}  // namespace glissade::simd::test
