#include "engine/layers/embedding_bag.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <vector>

#include "engine/layers/compact_rows.h"
#include "engine/progress/stopwatch.h"
#include "simd/kernels.h"

namespace glissade {

EmbeddingBag::EmbeddingBag(std::size_t features, std::size_t width, const ParameterRows::Options& options)
    : rows(features, width, options.without_bias()), bias(1, width, options.without_bias().in_floats().connected()) {}

void EmbeddingBag::sum_rows(const SparseRows& x, Activations& sums, bool with_bias) const {
  const simd::Kernels& kernels = simd::kernels();
  const bool fp32 = rows.storage() == Storage::fp32;
  constexpr std::size_t kGrain = 16;
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, sums.samples, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t sample = range.begin(); sample != range.end(); ++sample) {
      const auto ids = x.row_ids(sample);
      const auto values = x.row_values(sample);
      float* out = sums.row(sample);
      if (rows.is_compact()) {
        compact_bag(rows, ids, values.data(), out);
      } else if (fp32) {
        kernels.bag_f32(rows.weights.data(), rows.stride(), ids.data(), values.data(), ids.size(), rows.width(), out);
      } else {
        kernels.bag_bf16(rows.high.data(), rows.stride(), ids.data(), values.data(), ids.size(), rows.width(), out);
      }
      if (with_bias) kernels.axpy_f32(1.f, bias.weights.data(), out, rows.width());
    }
  });
}

void EmbeddingBag::add_bias(Activations& sums) const {
  const simd::Kernels& kernels = simd::kernels();
  for (std::size_t sample = 0; sample < sums.samples; ++sample)
    kernels.axpy_f32(1.f, bias.weights.data(), sums.row(sample), rows.width());
}

void EmbeddingBag::backward(const SparseRows& x, const float* gradient, std::size_t stride, const RowOptimizer& optimizer,
                            RowGroups& groups, PhaseSeconds& phases) {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t samples = x.rows();
  {
    const PhaseWatch watch(phases, Phase::input_transpose);
    groups.build(samples, [&](std::size_t sample) { return RowGroups::Entries{x.row_ids(sample), x.row_values(sample)}; });
  }
  const PhaseWatch watch(phases, Phase::input_update);
  tbb::parallel_for(std::size_t{0}, RowGroups::kPartitions, [&](std::size_t partition) {
    static thread_local std::vector<float> sum;
    sum.resize(rows.width());
    groups.for_each(partition, [&](std::uint32_t row, std::uint32_t next, auto users, auto weights) {
      optimizer.prefetch(rows, next);
      kernels.bag_f32(gradient, stride, users.data(), weights.data(), users.size(), rows.width(), sum.data());
      optimizer.update(rows, row, sum.data(), 0.f);
    });
  });
  std::vector<float> bias_gradient(rows.width(), 0.f);
  for (std::size_t sample = 0; sample < samples; ++sample)
    kernels.axpy_f32(1.f, gradient + sample * stride, bias_gradient.data(), rows.width());
  optimizer.update(bias, 0, bias_gradient.data(), 0.f);
}

}  // namespace glissade
