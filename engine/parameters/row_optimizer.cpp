#include "engine/parameters/row_optimizer.h"

#include <cmath>

namespace glissade {

RowOptimizer::RowOptimizer(const Config& config, double learning_rate, std::uint64_t step)
    : kernels_(simd::kernels()), kind_(config.optimizer), beta1_(config.beta1), beta2_(config.beta2), step_(step) {
  const double t = static_cast<double>(step);
  const auto shrink = static_cast<float>(1.0 - learning_rate * config.weight_decay);
  adam_.gain1 = static_cast<float>(1.0 - beta1_);
  adam_.gain2 = static_cast<float>(1.0 - beta2_);
  adam_.rate = static_cast<float>(learning_rate / (1.0 - std::pow(beta1_, t)));
  adam_.scale2 = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2_, t)));
  adam_.epsilon = static_cast<float>(config.epsilon);
  adam_.shrink = shrink;
  adam_.keep1 = static_cast<float>(beta1_);
  adam_.keep2 = static_cast<float>(beta2_);
  sgd_.rate = static_cast<float>(learning_rate);
  sgd_.shrink = shrink;
}

float RowOptimizer::power1(std::uint64_t steps) const noexcept {
  return steps == 1 ? static_cast<float>(beta1_) : static_cast<float>(std::pow(beta1_, static_cast<double>(steps)));
}

float RowOptimizer::power2(std::uint64_t steps) const noexcept {
  return steps == 1 ? static_cast<float>(beta2_) : static_cast<float>(std::pow(beta2_, static_cast<double>(steps)));
}

float RowOptimizer::update(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient) const noexcept {
  const std::size_t at = row * rows.stride();
  const bool fp32 = rows.storage() == Storage::fp32;
  const std::uint64_t skipped = step_ - rows.row_steps[row];
  rows.row_steps[row] = static_cast<std::uint32_t>(step_);
  if (kind_ == OptimizerKind::sgd) {
    float change = fp32 ? kernels_.sgd_f32(rows.weights.data() + at, gradient, rows.width(), &sgd_)
                        : kernels_.sgd_split(rows.high.data() + at, rows.low.data() + at, gradient, rows.width(), &sgd_);
    if (!rows.bias.empty()) {
      const float delta = sgd_.rate * bias_gradient;
      rows.bias[row] -= delta;
      change += delta * delta;
    }
    return change;
  }
  simd::AdamStep step = adam_;
  step.keep1 = power1(skipped);
  step.keep2 = power2(skipped);
  float* m = rows.first_moment.data() + at;
  float* v = rows.second_moment.data() + at;
  float change = fp32 ? kernels_.adam_f32(rows.weights.data() + at, m, v, gradient, rows.width(), &step)
                      : kernels_.adam_split(rows.high.data() + at, rows.low.data() + at, m, v, gradient, rows.width(), &step);
  if (!rows.bias.empty()) change += update_bias(rows, row, bias_gradient, step);
  return change;
}

float RowOptimizer::update_bias(ParameterRows& rows, std::size_t row, float gradient, const simd::AdamStep& step) const noexcept {
  float& m = rows.bias_first_moment[row];
  float& v = rows.bias_second_moment[row];
  m = step.keep1 * m + step.gain1 * gradient;
  v = step.keep2 * v + step.gain2 * gradient * gradient;
  const float delta = step.rate * m / (std::sqrt(v) * step.scale2 + step.epsilon);
  rows.bias[row] -= delta;  // biases are not decayed
  return delta * delta;
}

}  // namespace glissade
