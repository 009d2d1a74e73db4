#include "engine/parameters/row_optimizer.h"

#include <algorithm>
#include <cmath>

#include "engine/parameters/gradient_store.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kRoundingStream = 14;
/// Elements of a row that are widened at once: three arrays of them fit into the first-level cache beside the halves.
constexpr std::size_t kBlock = 512;

template <class T>
void ask_for(const Array<T>& array, std::size_t first, std::size_t count) noexcept {
  constexpr std::size_t kLine = 64 / sizeof(T);
  if (array.empty()) return;
  for (std::size_t i = 0; i < count; i += kLine) __builtin_prefetch(array.data() + first + i, 1);
}

}  // namespace

/// Elements at .. at + size - 1 of the arrays, within one row.
struct RowOptimizer::Part {
  std::size_t at;
  std::size_t size;
  const float* gradient;
  std::uint64_t seed;  ///< of what is rounded
};

OptimizerOptions OptimizerOptions::of(const Config& config) noexcept {
  return {config.optimizer.kind,    config.optimizer.beta1,        config.optimizer.beta2,
          config.optimizer.epsilon, config.optimizer.weight_decay, config.run.seed};
}

RowOptimizer::RowOptimizer(const OptimizerOptions& options, double learning_rate, std::uint64_t step)
    : kernels_(simd::kernels()),
      kind_(options.kind),
      beta1_(options.beta1),
      beta2_(options.beta2),
      step_(step),
      rounding_(hashing::derive(options.seed, kRoundingStream, step)) {
  const double t = static_cast<double>(step);
  const auto shrink = static_cast<float>(1.0 - learning_rate * options.weight_decay);
  adam_.gain1 = static_cast<float>(1.0 - beta1_);
  adam_.gain2 = static_cast<float>(1.0 - beta2_);
  adam_.rate = static_cast<float>(learning_rate / (1.0 - std::pow(beta1_, t)));
  adam_.scale2 = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2_, t)));
  adam_.epsilon = static_cast<float>(options.epsilon);
  adam_.shrink = shrink;
  adam_.keep1 = static_cast<float>(beta1_);
  adam_.keep2 = static_cast<float>(beta2_);
  sgd_.rate = static_cast<float>(learning_rate);
  sgd_.shrink = shrink;
  momentum_ = {adam_.keep1, 1.f, sgd_.rate, shrink};
}

void RowOptimizer::prefetch(const ParameterRows& rows, std::size_t row) const noexcept {
  const std::size_t at = rows.begin(row), count = std::min(rows.width(row), kBlock);
  ask_for(rows.row_steps, row, 1);
  ask_for(rows.row_second_moment, row, 1);
  ask_for(rows.bias, row, 1);
  ask_for(rows.bias_first_moment, row, 1);
  ask_for(rows.bias_second_moment, row, 1);
  ask_for(rows.weights, at, count);
  ask_for(rows.high, at, count);
  ask_for(rows.low, at, count);
  ask_for(rows.first_moment, at, count);
  ask_for(rows.first_moment_bf16, at, count);
  ask_for(rows.second_moment, at, count);
  ask_for(rows.second_moment_bf16, at, count);
}

float RowOptimizer::power1(std::uint64_t steps) const noexcept {
  return steps == 1 ? static_cast<float>(beta1_) : static_cast<float>(std::pow(beta1_, static_cast<double>(steps)));
}

float RowOptimizer::power2(std::uint64_t steps) const noexcept {
  return steps == 1 ? static_cast<float>(beta2_) : static_cast<float>(std::pow(beta2_, static_cast<double>(steps)));
}

float RowOptimizer::update(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient,
                           std::uint32_t steps) const noexcept {
  if (store_ != nullptr) {
    store_->add(rows, row, gradient, bias_gradient, share_);
    return 0;
  }
  const std::size_t at = rows.begin(row), width = rows.width(row);
  const bool rounds = rows.storage() == Storage::bf16 || !rows.first_moment_bf16.empty() || !rows.second_moment_bf16.empty();
  const std::uint64_t skipped = step_ - rows.row_steps[row];
  rows.row_steps[row] = static_cast<std::uint32_t>(step_);
  const Numbers numbers = numbers_for(rows, row, gradient, skipped, static_cast<float>(steps));
  float change = 0;
  if (rounds) {
    const std::uint64_t seed = hashing::derive(rounding_, rows.options().stream, row);
    for (std::size_t first = 0; first < width; first += kBlock) {
      const std::size_t size = std::min(kBlock, width - first);
      change += update_part(rows, {at + first, size, gradient + first, seed + first}, numbers);
    }
  } else {
    change = update_part(rows, {at, width, gradient, 0}, numbers);
  }
  if (!rows.bias.empty()) change += update_bias(rows, row, bias_gradient, numbers, static_cast<float>(steps));
  return change;
}

RowOptimizer::Numbers RowOptimizer::numbers_for(ParameterRows& rows, std::size_t row, const float* gradient,
                                                std::uint64_t skipped, float steps) const noexcept {
  Numbers numbers{Rule::sgd, adam_, momentum_, sgd_};
  numbers.adam.rate *= steps;
  numbers.momentum.rate *= steps;
  numbers.sgd.rate *= steps;
  const auto mean_square = [&] {
    const std::size_t width = rows.width(row), over = rows.options().usual_width;
    if (width == 0) return 0.f;  // a bias alone
    return kernels_.sum_squares_f32(gradient, width) / static_cast<float>(over != 0 ? over : width);
  };
  switch (kind_) {
    case OptimizerKind::adam: {
      simd::AdamStep& adam = numbers.adam;
      adam.keep1 = power1(skipped);
      adam.keep2 = power2(skipped);
      numbers.rule = Rule::adam;
      if (rows.row_second_moment.empty()) break;
      float& v = rows.row_second_moment[row];
      v = adam.keep2 * v + adam.gain2 * mean_square();
      numbers.momentum = {adam.keep1, adam.gain1, adam.rate / (std::sqrt(v) * adam.scale2 + adam.epsilon), adam.shrink};
      numbers.rule = Rule::momentum;
      break;
    }
    case OptimizerKind::adagrad: {
      float& v = rows.row_second_moment[row];
      v += steps * mean_square();
      numbers.sgd.rate /= std::sqrt(v) + adam_.epsilon;
      break;
    }
    case OptimizerKind::momentum:
      numbers.momentum.keep = power1(skipped);
      numbers.rule = Rule::momentum;
      break;
    case OptimizerKind::sgd: break;
  }
  return numbers;
}

float RowOptimizer::update_part(ParameterRows& rows, const Part& part, const Numbers& numbers) const noexcept {
  // What is kept in halves goes through these, and the kernels see floats.
  alignas(64) float weights[kBlock], first[kBlock], second[kBlock];
  const auto open = [&](Array<float>& floats, Array<std::uint16_t>& halves, float* scratch) -> float* {
    if (floats.empty() && halves.empty()) return nullptr;
    if (halves.empty()) return floats.data() + part.at;
    kernels_.widen(halves.data() + part.at, scratch, part.size);
    return scratch;
  };
  const auto close = [&](Array<std::uint16_t>& halves, const float* scratch, std::uint64_t array) {
    if (halves.empty()) return;
    kernels_.narrow_stochastic(scratch, halves.data() + part.at, part.size, hashing::derive(part.seed, array));
  };
  const bool split = rows.storage() == Storage::bf16_mixed;
  std::uint16_t* hi = split ? rows.high.data() + part.at : nullptr;
  std::uint16_t* lo = split ? rows.low.data() + part.at : nullptr;
  float* w = split ? nullptr : open(rows.weights, rows.high, weights);
  float* m = open(rows.first_moment, rows.first_moment_bf16, first);
  float* v = open(rows.second_moment, rows.second_moment_bf16, second);
  const float* g = part.gradient;
  float change = 0;
  switch (numbers.rule) {
    case Rule::adam:
      change = split ? kernels_.adam_split(hi, lo, m, v, g, part.size, &numbers.adam)
                     : kernels_.adam_f32(w, m, v, g, part.size, &numbers.adam);
      break;
    case Rule::momentum:
      change = split ? kernels_.momentum_split(hi, lo, m, g, part.size, &numbers.momentum)
                     : kernels_.momentum_f32(w, m, g, part.size, &numbers.momentum);
      break;
    case Rule::sgd:
      change = split ? kernels_.sgd_split(hi, lo, g, part.size, &numbers.sgd) : kernels_.sgd_f32(w, g, part.size, &numbers.sgd);
      break;
  }
  if (!split) close(rows.high, weights, 1);
  close(rows.first_moment_bf16, first, 2);
  close(rows.second_moment_bf16, second, 3);
  return change;
}

// Biases are not decayed.
float RowOptimizer::update_bias(ParameterRows& rows, std::size_t row, float gradient, const Numbers& numbers,
                                float steps) const noexcept {
  float delta = 0;
  switch (kind_) {
    case OptimizerKind::adam: {
      const simd::AdamStep& step = numbers.adam;
      float& m = rows.bias_first_moment[row];
      float& v = rows.bias_second_moment[row];
      m = step.keep1 * m + step.gain1 * gradient;
      v = step.keep2 * v + step.gain2 * gradient * gradient;
      delta = step.rate * m / (std::sqrt(v) * step.scale2 + step.epsilon);
      break;
    }
    case OptimizerKind::adagrad: {
      float& v = rows.bias_second_moment[row];
      v += steps * (gradient * gradient);
      delta = steps * sgd_.rate * gradient / (std::sqrt(v) + adam_.epsilon);
      break;
    }
    case OptimizerKind::momentum: {
      float& m = rows.bias_first_moment[row];
      m = numbers.momentum.keep * m + gradient;
      delta = numbers.momentum.rate * m;
      break;
    }
    case OptimizerKind::sgd: delta = numbers.sgd.rate * gradient; break;
  }
  rows.bias[row] -= delta;
  return delta * delta;
}

}  // namespace glissade
