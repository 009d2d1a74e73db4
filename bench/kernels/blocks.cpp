// Block products in the shapes of a training step over a shared active set, and the packing that they need.
#include "bench/kernels/bench.h"

namespace glissade::bench {
namespace {

/// A product of m x k by k x 16 panels.
struct Shape {
  const char* name;
  std::size_t m, k, panels;
};
constexpr Shape kShapes[] = {
    {"logits 64x128x8192", 64, 128, 512},
    {"hidden gradient 64x256x128", 64, 256, 8},
    {"row gradients 129x256x64", 129, 256, 4},
};

template <class T>
std::vector<T> operand(std::size_t n) {
  if constexpr (sizeof(T) == sizeof(float)) {
    return random_floats(n, -1.0f, 1.0f);
  } else {
    std::vector<T> halves(n);
    simd::kernels().narrow_nearest(random_floats(n, -1.0f, 1.0f).data(), halves.data(), n);
    return halves;
  }
}

template <class T, class Block>
void add_blocks(const std::string& prefix, Block block) {
  for (const Shape& shape : kShapes) {
    add(prefix, shape.name, [=](benchmark::State& state) {
      const std::size_t n = shape.panels * simd::kPanelColumns;
      const std::vector<T> a = operand<T>(shape.m * shape.k), b = operand<T>(shape.k * n);
      std::vector<float> start(n), c(shape.m * n);
      for (auto _ : state) {
        block(a.data(), shape.k, shape.m, shape.k, b.data(), shape.k * simd::kPanelColumns, shape.panels, start.data(), c.data(),
              n);
        benchmark::ClobberMemory();
      }
      report_rate(state, "FLOP", 2.0 * static_cast<double>(shape.m * shape.k * n));
    });
  }
}

template <class T, class Columns>
void add_columns(const std::string& prefix, Columns columns) {
  constexpr std::size_t kWidth = 128;
  add(prefix, "gathered x128", [=](benchmark::State& state) {
    IdStream stream;
    const auto* rows = static_cast<const T*>(row_table(kWidth * sizeof(T)));
    std::vector<T> panel(kWidth * simd::kPanelColumns);
    for (auto _ : state) {
      columns(rows, kWidth, stream.next(simd::kPanelColumns), simd::kPanelColumns, kWidth, panel.data());
      benchmark::ClobberMemory();
    }
    report_rate(state, "rows", simd::kPanelColumns);
  });
}

}  // namespace

void add_block_f32(const std::string& prefix, const simd::Kernels& level) { add_blocks<float>(prefix, level.block_f32); }
void add_block_bf16(const std::string& prefix, const simd::Kernels& level) {
  add_blocks<std::uint16_t>(prefix, level.block_bf16);
}
void add_block_f16(const std::string& prefix, const simd::Kernels& level) {
  add_blocks<std::uint16_t>(
      prefix, [kernel = level.block_f16](const std::uint16_t* a, std::size_t a_stride, std::size_t m, std::size_t k,
                                         const std::uint16_t* panels, std::size_t panel_stride, std::size_t panel_count,
                                         const float* start, float* c, std::size_t c_stride) {
        kernel(a, a_stride, m, k, panels, panel_stride, panel_count, 1.0f, start, c, c_stride);
      });
}
void add_columns_f32(const std::string& prefix, const simd::Kernels& level) { add_columns<float>(prefix, level.columns_f32); }
void add_columns_bf16(const std::string& prefix, const simd::Kernels& level) {
  add_columns<std::uint16_t>(prefix, level.columns_bf16);
}

void add_pair_rows_bf16(const std::string& prefix, const simd::Kernels& level) {
  add(prefix, "x8192", [kernel = level.pair_rows_bf16](benchmark::State& state) {
    constexpr std::size_t kWidth = 8'192;
    const std::vector<std::uint16_t> first = operand<std::uint16_t>(kWidth), second = operand<std::uint16_t>(kWidth);
    std::vector<std::uint16_t> panels(2 * kWidth);
    for (auto _ : state) {
      kernel(first.data(), second.data(), kWidth, panels.data(), 2 * simd::kPanelColumns);
      benchmark::ClobberMemory();
    }
    report_rate(state, "elements", 2.0 * kWidth);
  });
}

void add_transpose_f32(const std::string& prefix, const simd::Kernels& level) {
  add(prefix, "128x64", [kernel = level.transpose_f32](benchmark::State& state) {
    constexpr std::size_t kRowsIn = 128, kColumnsIn = 64;
    const std::vector<float> in = random_floats(kRowsIn * kColumnsIn, -1.0f, 1.0f);
    std::vector<float> out(in.size());
    for (auto _ : state) {
      kernel(in.data(), kColumnsIn, kRowsIn, kColumnsIn, out.data(), kRowsIn);
      benchmark::ClobberMemory();
    }
    report_rate(state, "elements", static_cast<double>(in.size()));
  });
}

}  // namespace glissade::bench
