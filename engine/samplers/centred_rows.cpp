#include "engine/samplers/centred_rows.h"

#include "simd/kernels.h"

namespace glissade {

void CentredRows::measure(const ParameterRows& rows, std::span<const std::uint32_t> sample, const Activations& hidden) {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t width = rows.width();
  std::vector<float> row(width);
  double bias = 0;
  row_mean_.assign(width, 0.f);
  for (const std::uint32_t id : sample) {
    rows.read_forward(id, row.data());
    kernels.axpy_f32(1.f, row.data(), row_mean_.data(), width);
    bias += rows.bias[id];
  }
  kernels.scale_f32(1.f / static_cast<float>(sample.size()), row_mean_.data(), width);
  bias_mean_ = static_cast<float>(bias / static_cast<double>(sample.size()));
  hidden_mean_.assign(width, 0.f);
  for (std::size_t i = 0; i < hidden.samples; ++i) kernels.axpy_f32(1.f, hidden.row(i), hidden_mean_.data(), width);
  kernels.scale_f32(1.f / static_cast<float>(hidden.samples), hidden_mean_.data(), width);
}

void CentredRows::row(const ParameterRows& rows, std::uint32_t id, float* out) const noexcept {
  const std::size_t width = row_mean_.size();
  rows.read_forward(id, out);
  float along = 0;
  for (std::size_t d = 0; d < width; ++d) {
    out[d] -= row_mean_[d];
    along += out[d] * hidden_mean_[d];
  }
  out[width] = rows.bias[id] - bias_mean_ + along;
}

void CentredRows::query(const float* hidden, float* out) const noexcept {
  const std::size_t width = hidden_mean_.size();
  for (std::size_t d = 0; d < width; ++d) out[d] = hidden[d] - hidden_mean_[d];
  out[width] = 1.f;
}

}  // namespace glissade
