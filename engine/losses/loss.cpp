#include "engine/losses/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace glissade {
namespace {

/// A sample without labels has no target distribution: it teaches nothing.
Loss::RowGradient no_gradient(const LogitRow& row) noexcept {
  std::fill_n(row.z, row.size, 0.f);
  return {0.0, 1.f};
}

float weight_at(std::span<const float> weights, std::size_t i) noexcept { return weights.empty() ? 1.f : weights[i]; }

/// Sum of `count` weights.
float sum_of(std::span<const float> weights, std::size_t count) noexcept {
  return weights.empty() ? static_cast<float>(count) : std::accumulate(weights.begin(), weights.end(), 0.f);
}

/// Sum of the labels' logits, each times its weight.
double sum_at_labels(const LogitRow& row) noexcept {
  double sum = 0;
  for (std::size_t i = 0; i < row.positions.size(); ++i) sum += double{weight_at(row.label_weights, i)} * row.z[row.positions[i]];
  return sum;
}

/// 1 - the probability of a label with logit z against others of that normaliser.
float against(float z, float log_sum) noexcept { return 1.f / (1.f + std::exp(z - log_sum)); }

double soft_plus(double x) noexcept { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

/// Sums over the labels' part of the decoupled loss.
struct LabelSums {
  double loss = 0;
  float against = 0;
};

LabelSums sums_of(std::span<const float> label_logits, std::span<const float> weights, float log_sum) noexcept {
  LabelSums sums;
  for (std::size_t i = 0; i < label_logits.size(); ++i) {
    const float weight = weight_at(weights, i);
    sums.against += weight * against(label_logits[i], log_sum);
    sums.loss += weight * soft_plus(double{log_sum} - label_logits[i]);
  }
  return sums;
}

/// The logits of a row's labels out of the way, as if they were not in the set.
std::span<const float> take_out(const LogitRow& row) {
  static thread_local std::vector<float> logits;
  logits.clear();
  for (const std::uint32_t position : row.positions) {
    logits.push_back(row.z[position]);
    row.z[position] = -std::numeric_limits<float>::infinity();
  }
  return logits;
}

}  // namespace

float log_add(float a, float b) noexcept {
  if (a < b) std::swap(a, b);
  return std::isinf(b) && b < 0 ? a : a + std::log1p(std::exp(b - a));
}

void Loss::weigh(const LogitRow& row) const noexcept {
  if (is_softmax(kind_)) kernels_.axpy_f32(1.f, row.log_weights.data(), row.z + row.exact, row.log_weights.size());
}

float Loss::normaliser(const LogitRow& row) const noexcept {
  if (kind_ != LossKind::decoupled) return kernels_.logsumexp_f32(row.z, row.size);
  const std::span<const float> labels = take_out(row);
  const float log_sum = kernels_.logsumexp_f32(row.z, row.size);
  for (std::size_t i = 0; i < labels.size(); ++i) row.z[row.positions[i]] = labels[i];
  return log_sum;
}

Loss::RowGradient Loss::gradient(const LogitRow& row, float scale) const {
  if (kind_ == LossKind::bce) return bce_gradient(row, scale);
  if (row.label_count == 0) return no_gradient(row);
  if (kind_ == LossKind::decoupled) return decoupled_gradient(row, scale);
  const float share = 1.f / static_cast<float>(row.label_count), all = sum_of(row.label_weights, row.label_count);
  const double wanted = share * sum_at_labels(row);
  float shift = 0;
  const float sum = kernels_.exp_sum_f32(row.z, row.size, &shift);
  for (std::size_t i = 0; i < row.positions.size(); ++i) row.z[row.positions[i]] -= weight_at(row.label_weights, i) / all * sum;
  return {share * all * (static_cast<double>(shift) + std::log(static_cast<double>(sum))) - wanted, scale * share * all / sum};
}

Loss::RowGradient Loss::decoupled_gradient(const LogitRow& row, float scale) const {
  const float target = 1.f / static_cast<float>(row.label_count);
  const std::span<const float> labels = take_out(row);
  float shift = 0;
  const float sum = kernels_.exp_sum_f32(row.z, row.size, &shift);
  if (sum == 0) return no_gradient(row);  // nothing but labels; a NaN goes on into the loss
  const float log_sum = shift + std::log(sum);
  const LabelSums sums = sums_of(labels, row.label_weights, log_sum);
  // Others: target * sum of (1 - p) * exp z / sum. Labels: -target * (1 - p), over what the whole row is multiplied by.
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const float part = weight_at(row.label_weights, i) * against(labels[i], log_sum);
    row.z[row.positions[i]] = sums.against > 0 ? -part * sum / sums.against : 0.f;
  }
  return {target * sums.loss, scale * target * sums.against / sum};
}

Loss::RowGradient Loss::gradient(const LogitRow& row, float scale, const SetSum& all, bool first_piece) const {
  if (kind_ == LossKind::bce) return bce_gradient(row, scale);
  if (row.label_count == 0) return no_gradient(row);
  const float share = 1.f / static_cast<float>(row.label_count);
  if (kind_ == LossKind::decoupled) {
    const LabelSums sums = sums_of(all.label_logits, all.label_weights, all.log_sum);
    const std::span<const float> labels = take_out(row);
    kernels_.exp_shift_f32(row.z, row.size, all.log_sum);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const float part = weight_at(row.label_weights, i) * against(labels[i], all.log_sum);
      row.z[row.positions[i]] = sums.against > 0 ? -part / sums.against : 0.f;
    }
    return {first_piece ? share * sums.loss : 0.0, scale * share * sums.against};
  }
  const float weights = sum_of(all.label_weights, row.label_count);
  const double wanted = share * sum_at_labels(row);
  kernels_.exp_shift_f32(row.z, row.size, all.log_sum);
  for (std::size_t i = 0; i < row.positions.size(); ++i) row.z[row.positions[i]] -= weight_at(row.label_weights, i) / weights;
  return {(first_piece ? share * weights * all.log_sum : 0.0) - wanted, scale * share * weights};
}

/// Labels: weight * (softplus(z) - z), the others softplus(z): no less than 0, whatever the weights.
Loss::RowGradient Loss::bce_gradient(const LogitRow& row, float scale) const noexcept {
  double loss = -sum_at_labels(row);
  for (std::size_t i = 0; i < row.label_weights.size(); ++i)
    loss += (double{row.label_weights[i]} - 1) * soft_plus(row.z[row.positions[i]]);  // the kernel counts each once
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
  for (std::size_t i = 0; i < row.positions.size(); ++i) {
    float& z = row.z[row.positions[i]];
    z = weight_at(row.label_weights, i) * (z - 1.f);
  }
  return {loss, scale};
}

}  // namespace glissade
