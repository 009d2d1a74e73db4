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
  if (kind_ != LossKind::softmax || row.log_weight == 0.f) return;
  for (std::size_t j = row.exact; j < row.size; ++j) row.z[j] += row.log_weight;
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
  const std::size_t exact = std::min(row.exact, row.size);
  loss += kernels_.sigmoid_f32(row.z, exact);
  const float weight = std::exp(row.log_weight);
  loss += static_cast<double>(weight) * kernels_.sigmoid_f32(row.z + exact, row.size - exact);
  if (weight != 1.f) kernels_.scale_f32(weight, row.z + exact, row.size - exact);
  for (const std::uint32_t position : row.positions) row.z[position] -= 1.f;
  return {loss, scale};
}

}  // namespace glissade
