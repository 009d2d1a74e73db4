#include "engine/losses/loss.h"

#include <algorithm>
#include <cmath>

namespace glissade {

float log_add(float a, float b) noexcept {
  if (a < b) std::swap(a, b);
  return std::isinf(b) && b < 0 ? a : a + std::log1p(std::exp(b - a));
}

void Loss::weigh(const LogitRow& row) const noexcept {
  if (kind_ != LossKind::softmax || row.log_weight == 0.f) return;
  for (std::size_t j = row.exact; j < row.size; ++j) row.z[j] += row.log_weight;
}

float Loss::normaliser(const LogitRow& row) const noexcept { return kernels_.logsumexp_f32(row.z, row.size); }

double Loss::gradient(const LogitRow& row, float log_sum, bool first_piece, float scale) const noexcept {
  const double loss = kind_ == LossKind::softmax ? softmax_gradient(row, log_sum, first_piece) : bce_gradient(row);
  for (std::size_t j = 0; j < row.size; ++j) row.z[j] *= scale;
  return loss;
}

double Loss::softmax_gradient(const LogitRow& row, float log_sum, bool first_piece) const noexcept {
  if (row.label_count == 0) {  // no target distribution: the sample teaches nothing
    std::fill_n(row.z, row.size, 0.f);
    return 0.0;
  }
  const float target = 1.f / static_cast<float>(row.label_count);
  double loss = first_piece ? log_sum : 0.0;
  for (const std::uint32_t position : row.positions) loss -= static_cast<double>(target) * row.z[position];
  kernels_.exp_shift_f32(row.z, row.size, log_sum);
  for (const std::uint32_t position : row.positions) row.z[position] -= target;
  return loss;
}

double Loss::bce_gradient(const LogitRow& row) const noexcept {
  double loss = 0;
  for (const std::uint32_t position : row.positions) loss -= row.z[position];
  const std::size_t exact = std::min(row.exact, row.size);
  loss += kernels_.sigmoid_f32(row.z, exact);
  const float weight = std::exp(row.log_weight);
  loss += static_cast<double>(weight) * kernels_.sigmoid_f32(row.z + exact, row.size - exact);
  for (std::size_t j = exact; j < row.size; ++j) row.z[j] *= weight;
  for (const std::uint32_t position : row.positions) row.z[position] -= 1.f;
  return loss;
}

}  // namespace glissade
