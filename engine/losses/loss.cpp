#include "engine/losses/loss.h"

#include <algorithm>
#include <cmath>

namespace glissade {
namespace {

/// A sample without labels has no target distribution: it teaches nothing.
Loss::RowGradient no_gradient(const LogitRow& row) noexcept {
  std::fill_n(row.z, row.size, 0.f);
  return {0.0, 1.f};
}

double sum_at(const float* z, std::span<const std::uint32_t> positions) noexcept {
  double sum = 0;
  for (const std::uint32_t position : positions) sum += z[position];
  return sum;
}

}  // namespace

float log_add(float a, float b) noexcept {
  if (a < b) std::swap(a, b);
  return std::isinf(b) && b < 0 ? a : a + std::log1p(std::exp(b - a));
}

void Loss::weigh(const LogitRow& row) const noexcept {
  if (kind_ == LossKind::softmax) kernels_.axpy_f32(1.f, row.log_weights.data(), row.z + row.exact, row.log_weights.size());
}

float Loss::normaliser(const LogitRow& row) const noexcept { return kernels_.logsumexp_f32(row.z, row.size); }

Loss::RowGradient Loss::gradient(const LogitRow& row, float scale) const noexcept {
  if (kind_ == LossKind::bce) return bce_gradient(row, scale);
  if (row.label_count == 0) return no_gradient(row);
  const float target = 1.f / static_cast<float>(row.label_count);
  const double wanted = target * sum_at(row.z, row.positions);
  float shift = 0;
  const float sum = kernels_.exp_sum_f32(row.z, row.size, &shift);
  for (const std::uint32_t position : row.positions) row.z[position] -= target * sum;
  return {static_cast<double>(shift) + std::log(static_cast<double>(sum)) - wanted, scale / sum};
}

Loss::RowGradient Loss::gradient(const LogitRow& row, float scale, float log_sum, bool first_piece) const noexcept {
  if (kind_ == LossKind::bce) return bce_gradient(row, scale);
  if (row.label_count == 0) return no_gradient(row);
  const float target = 1.f / static_cast<float>(row.label_count);
  const double wanted = target * sum_at(row.z, row.positions);
  kernels_.exp_shift_f32(row.z, row.size, log_sum);
  for (const std::uint32_t position : row.positions) row.z[position] -= target;
  return {(first_piece ? log_sum : 0.0) - wanted, scale};
}

Loss::RowGradient Loss::bce_gradient(const LogitRow& row, float scale) const noexcept {
  double loss = -sum_at(row.z, row.positions);
  const std::size_t exact = row.log_weights.empty() ? row.size : row.exact;
  loss += kernels_.sigmoid_f32(row.z, exact);
  // Neighbours mostly weigh the same: uniform draws all do.
  for (std::size_t begin = exact, end; begin < row.size; begin = end) {
    const float log_weight = row.log_weights[begin - exact];
    for (end = begin + 1; end < row.size && row.log_weights[end - exact] == log_weight;) ++end;
    const float weight = std::exp(log_weight);
    loss += static_cast<double>(weight) * kernels_.sigmoid_f32(row.z + begin, end - begin);
    kernels_.scale_f32(weight, row.z + begin, end - begin);
  }
  for (const std::uint32_t position : row.positions) row.z[position] -= 1.f;
  return {loss, scale};
}

}  // namespace glissade
