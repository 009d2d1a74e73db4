// Blocks of rows that share a pattern, over inputs that lie input by input; a block of 1 is a row of its own. bench/patterns
// holds them against unstructured and dense rows.
#include <algorithm>

#include "bench/kernels/bench.h"

namespace glissade::bench {
namespace {

constexpr std::size_t kInputs = 512, kFanIn = 64, kSamples = 64, kBlocks = 256;

/// 256 blocks of `rows` rows, each with a pattern of its own.
struct Blocks {
  explicit Blocks(std::size_t block_rows)
      : rows(block_rows),
        ids(kBlocks * kFanIn),
        w(random_floats(kBlocks * rows * kFanIn, -1.f, 1.f)),
        x(random_floats(kInputs * kSamples, -1.f, 1.f)),
        g(random_floats(rows * kSamples, -1.f, 1.f)),
        start(rows) {
    // Odd steps: no input twice.
    for (std::size_t b = 0; b < kBlocks; ++b) {
      for (std::size_t d = 0; d < kFanIn; ++d)
        ids[b * kFanIn + d] = static_cast<std::uint16_t>((b * 37 + d * (2 * b + 1)) % kInputs);
    }
  }

  std::size_t rows;
  std::vector<std::uint16_t> ids;
  std::vector<float> w, x, g, start;
};

/// call(blocks, ids, weights) for each block.
template <class Call>
void add_blocks_of_rows(const std::string& prefix, const Call& call) {
  for (const std::size_t rows : {1u, 16u, 32u}) {
    add(prefix, "64 of 512 inputs, 64 samples, blocks of " + std::to_string(rows), [=](benchmark::State& state) {
      Blocks blocks(rows);
      std::vector<float> out(std::max(rows * kSamples, kInputs * kSamples));
      for (auto _ : state) {
        for (std::size_t b = 0; b < kBlocks; ++b)
          call(blocks, blocks.ids.data() + b * kFanIn, blocks.w.data() + b * rows * kFanIn, out.data());
        benchmark::ClobberMemory();
      }
      report_rate(state, "FLOP", 2.0 * static_cast<double>(kBlocks * rows * kFanIn * kSamples));
    });
  }
}

}  // namespace

void add_pattern_logits_f32(const std::string& prefix, const simd::Kernels& level) {
  add_blocks_of_rows(prefix,
                     [kernel = level.pattern_logits_f32](const Blocks& b, const std::uint16_t* ids, const float* w, float* out) {
                       kernel(w, kFanIn, b.rows, ids, kFanIn, b.x.data(), kSamples, kSamples, b.start.data(), out, kSamples);
                     });
}
void add_pattern_inputs_f32(const std::string& prefix, const simd::Kernels& level) {
  add_blocks_of_rows(prefix,
                     [kernel = level.pattern_inputs_f32](const Blocks& b, const std::uint16_t* ids, const float* w, float* out) {
                       kernel(w, kFanIn, b.rows, ids, kFanIn, b.g.data(), kSamples, kSamples, out, kSamples);
                     });
}
void add_pattern_weights_f32(const std::string& prefix, const simd::Kernels& level) {
  add_blocks_of_rows(prefix,
                     [kernel = level.pattern_weights_f32](const Blocks& b, const std::uint16_t* ids, const float*, float* out) {
                       kernel(b.g.data(), kSamples, b.rows, ids, kFanIn, b.x.data(), kSamples, kSamples, out, kFanIn);
                     });
}
void add_pattern_panels_bf16(const std::string& prefix, const simd::Kernels& level) {
  add(prefix, "64 of 512 inputs, 64 samples", [kernel = level.pattern_panels_bf16](benchmark::State& state) {
    const Blocks blocks(1);
    std::vector<std::uint16_t> x(kInputs * kSamples), panels(kFanIn * kSamples);
    simd::kernels().narrow_nearest(blocks.x.data(), x.data(), x.size());
    for (auto _ : state) {
      for (std::size_t b = 0; b < kBlocks; ++b)
        kernel(x.data(), kSamples, blocks.ids.data() + b * kFanIn, kFanIn, kSamples, panels.data(), kFanIn * simd::kPanelColumns);
      benchmark::ClobberMemory();
    }
    report_rate(state, "elements", static_cast<double>(kBlocks * kFanIn * kSamples));
  });
}

}  // namespace glissade::bench
