#include "engine/layers/dense_layer.h"

#include <oneapi/tbb/blocked_range.h>
#include <algorithm>
#include <vector>

#include "engine/layers/in_blocks.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kSampleBlock = 256;
constexpr std::size_t kRowBlock = 64;

/// True if body(begin, end) was for all blocks.
template <class Body>
bool all_blocks(std::size_t count, std::size_t block, const Body& body) {
  std::atomic<bool> ok{true};
  in_blocks(count, block, [&](std::size_t begin, std::size_t end) {
    if (!body(begin, end)) ok = false;
  });
  return ok;
}

const void* sample_data(const DenseInput& a, dense::Element element, std::size_t sample) noexcept {
  if (element == dense::Element::bf16) return a.halves + sample * a.stride;
  return a.values + sample * a.stride;
}

}  // namespace

bool DenseLayer::forward(const DenseInput& input, Activations& sums, bool add) const {
  const simd::Kernels& kernels = simd::kernels();
  const dense::Element element = dense::element_for(rows.storage());
  PackedRows packed;
  packed.take_range(rows, 0, rows.rows(), element);
  return all_blocks(input.samples, kSampleBlock, [&](std::size_t begin, std::size_t end) {
    const bool ok =
        dense::multiply(element, end - begin, rows.rows(), rows.width(), {sample_data(input, element, begin), input.stride, 1},
                        packed.transposed(), sums.row(begin), sums.stride, add);
    for (std::size_t sample = begin; sample < end && !rows.bias.empty(); ++sample)
      kernels.axpy_f32(1.f, rows.bias.data(), sums.row(sample), rows.rows());
    return ok;
  });
}

bool DenseLayer::backward(const DenseInput& input, const float* gradient, std::size_t gradient_stride, float* input_gradient,
                          const RowOptimizer& optimizer) {
  const simd::Kernels& kernels = simd::kernels();
  const dense::Element element = dense::element_for(rows.storage());
  const std::size_t samples = input.samples;
  packed_.take_range(rows, 0, rows.rows(), element);
  if (element == dense::Element::bf16) gradient_halves_.reserve_discard(samples * gradient_stride);
  const auto gradient_at = [&](std::size_t sample, std::size_t unit) -> const void* {
    if (element == dense::Element::bf16) return gradient_halves_.data() + sample * gradient_stride + unit;
    return gradient + sample * gradient_stride + unit;
  };
  bool ok = all_blocks(samples, kSampleBlock, [&](std::size_t begin, std::size_t end) {
    if (element == dense::Element::bf16) {
      for (std::size_t sample = begin; sample < end; ++sample) {
        kernels.narrow_nearest(gradient + sample * gradient_stride, gradient_halves_.data() + sample * gradient_stride,
                               rows.rows());
      }
    }
    if (input_gradient == nullptr) return true;
    return dense::multiply(element, end - begin, rows.width(), rows.rows(), {gradient_at(begin, 0), gradient_stride, 1},
                           packed_.operand(), input_gradient + begin * input.stride, input.stride, false);
  });
  ok &= all_blocks(rows.rows(), kRowBlock, [&](std::size_t begin, std::size_t end) {
    std::vector<float> row_gradients((end - begin) * rows.stride());
    const bool done =
        dense::multiply(element, end - begin, rows.width(), samples, {gradient_at(0, begin), 1, gradient_stride},
                        {sample_data(input, element, 0), input.stride, 1}, row_gradients.data(), rows.stride(), false);
    for (std::size_t row = begin; row < end; ++row) {
      float bias_gradient = 0;
      for (std::size_t sample = 0; sample < samples && !rows.bias.empty(); ++sample)
        bias_gradient += gradient[sample * gradient_stride + row];
      optimizer.update(rows, row, row_gradients.data() + (row - begin) * rows.stride(), bias_gradient);
    }
    return done;
  });
  return ok;
}

}  // namespace glissade
