#include "engine/parameters/row_optimizer.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

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

/// Elements of one row: where what is kept for them lies, null where it is not kept.
struct RowOptimizer::Part {
  std::size_t size;
  const float* gradient;
  std::uint64_t seed;  ///< of what is rounded
  float* weights;
  std::uint16_t *high, *low;
  float* first;
  std::uint16_t* first_bf16;
  float* second;
  std::uint16_t* second_bf16;

  /// The elements at .. at + size - 1 of the arrays.
  Part(ParameterRows& rows, std::size_t at, std::size_t elements, const float* by, std::uint64_t rounding) noexcept
      : size(elements),
        gradient(by),
        seed(rounding),
        weights(place(rows.weights, at)),
        high(place(rows.high, at)),
        low(place(rows.low, at)),
        first(place(rows.first_moment, at)),
        first_bf16(place(rows.first_moment_bf16, at)),
        second(place(rows.second_moment, at)),
        second_bf16(place(rows.second_moment_bf16, at)) {}

  template <class T>
  static T* place(Array<T>& array, std::size_t at) noexcept {
    return array.empty() ? nullptr : array.data() + at;
  }
};

/// A copy of some columns of a row, one behind another, for kernels to work on.
struct RowOptimizer::Gathered {
  alignas(64) float gradient[kBlock], weights[kBlock], first[kBlock], second[kBlock];
  alignas(64) std::uint16_t high[kBlock], low[kBlock], first_bf16[kBlock], second_bf16[kBlock];

  /// Copies the columns of `row`, all of its elements, and makes `row` their copy.
  void take(std::span<const std::uint16_t> columns, Part& row) noexcept {
    each(row, [&](auto*& from, auto* to) {
      for (std::size_t i = 0; i < columns.size(); ++i) to[i] = from[columns[i]];
      from = to;
    });
    for (std::size_t i = 0; i < columns.size(); ++i) gradient[i] = row.gradient[columns[i]];
    row.gradient = gradient;
    row.size = columns.size();
  }
  void put_back(std::span<const std::uint16_t> columns, Part row) noexcept {
    each(row, [&](auto* to, const auto* from) {
      for (std::size_t i = 0; i < columns.size(); ++i) to[columns[i]] = from[i];
    });
  }
  template <class Body>
  void each(Part& row, const Body& body) noexcept {
    if (row.weights != nullptr) body(row.weights, weights);
    if (row.high != nullptr) body(row.high, high);
    if (row.low != nullptr) body(row.low, low);
    if (row.first != nullptr) body(row.first, first);
    if (row.first_bf16 != nullptr) body(row.first_bf16, first_bf16);
    if (row.second != nullptr) body(row.second, second);
    if (row.second_bf16 != nullptr) body(row.second_bf16, second_bf16);
  }
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
  const std::size_t at = rows.begin(row), count = std::min(rows.kept(row), kBlock);
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
                           std::uint32_t steps) const {
  if (store_ != nullptr) {
    store_->add(rows, row, gradient, bias_gradient, share_);
    return 0;
  }
  if (rows.block() > 1 && changes_ != nullptr && changes_->blocks != nullptr) {
    const bool due = changes_->blocks->take(*changes_, row, gradient);
    return due && changes_->policy.skips_update ? 0.f : update_weights(rows, row, gradient, bias_gradient, steps);
  }
  if (rows.fan_in() == 0 || rows.block() > 1 || changes_ == nullptr || !changes_->is_due(rows, row, gradient))
    return update_weights(rows, row, gradient, bias_gradient, steps);
  if (!changes_->policy.skips_update) {
    const float change = update_weights(rows, row, gradient, bias_gradient, steps);
    return change + std::max(0.f, changes_->change(rows, row, gradient));
  }
  const float change = changes_->change(rows, row, gradient);
  return change >= 0 ? change : update_weights(rows, row, gradient, bias_gradient, steps);
}

bool RowOptimizer::needs_whole_gradient(const ParameterRows& rows, std::size_t row) const noexcept {
  return changes_ != nullptr && changes_->grows_by_gradient(rows, row);
}

float RowOptimizer::update_kept(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient) const {
  if (store_ != nullptr) {
    static thread_local std::vector<float> whole;
    whole.assign(rows.width(), 0.f);
    const auto columns = rows.connections_of(row);
    for (std::size_t i = 0; i < columns.size(); ++i) whole[columns[i]] = gradient[i];
    store_->add(rows, row, whole.data(), bias_gradient, share_);
    return 0;
  }
  const bool due = changes_ != nullptr && changes_->is_due(rows, row, nullptr);
  const float change = update_elements(rows, row, gradient, bias_gradient, 1);
  return due ? change + std::max(0.f, changes_->change(rows, row, nullptr)) : change;
}

float RowOptimizer::update_weights(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient,
                                   std::uint32_t steps) const {
  if (!rows.is_compact()) return update_elements(rows, row, gradient, bias_gradient, steps);
  static thread_local std::vector<float> kept;
  const auto columns = rows.connections_of(row);
  kept.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) kept[i] = gradient[columns[i]];
  return update_elements(rows, row, kept.data(), bias_gradient, steps);
}

/// `gradient`: a number for each that the arrays keep of the row.
float RowOptimizer::update_elements(ParameterRows& rows, std::size_t row, const float* gradient, float bias_gradient,
                                    std::uint32_t steps) const noexcept {
  const std::size_t at = rows.begin(row), width = rows.kept(row);
  const bool rounds = rows.storage() == Storage::bf16 || !rows.first_moment_bf16.empty() || !rows.second_moment_bf16.empty();
  const std::uint64_t skipped = step_ - rows.row_steps[row];
  rows.row_steps[row] = static_cast<std::uint32_t>(step_);
  const Numbers numbers = numbers_for(rows, row, gradient, skipped, static_cast<float>(steps));
  const std::uint64_t seed = rounds ? hashing::derive(rounding_, rows.options().stream, row) : 0;
  float change = 0;
  if (rows.fan_in() != 0 && !rows.is_compact()) {
    change = update_connections(rows, row, gradient, numbers, seed);
  } else if (rounds) {
    for (std::size_t first = 0; first < width; first += kBlock) {
      const std::size_t size = std::min(kBlock, width - first);
      change += update_part({rows, at + first, size, gradient + first, seed + first}, numbers);
    }
  } else {
    change = update_part({rows, at, width, gradient, 0}, numbers);
  }
  if (!rows.bias.empty()) change += update_bias(rows, row, bias_gradient, numbers, static_cast<float>(steps));
  return change;
}

/// Of a row that is whole nothing: what is due is the choice of its connections.
float RowOptimizer::update_connections(ParameterRows& rows, std::size_t row, const float* gradient, const Numbers& numbers,
                                       std::uint64_t seed) const noexcept {
  const std::span<const std::uint16_t> all = rows.connections_of(row);
  float change = 0;
  for (std::size_t first = 0; first < all.size() && !rows.is_whole(row); first += kBlock) {
    const auto columns = all.subspan(first, std::min(kBlock, all.size() - first));
    Gathered gathered;
    const Part in_row(rows, rows.begin(row), rows.width(), gradient, seed + first);
    Part part = in_row;
    gathered.take(columns, part);
    change += update_part(part, numbers);
    gathered.put_back(columns, in_row);
  }
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
    if (rows.is_compact()) {
      double sum = 0;
      for (std::size_t i = 0; i < rows.fan_in(); ++i) sum += double{gradient[i]} * gradient[i];
      return static_cast<float>(sum / static_cast<double>(rows.fan_in()));
    }
    if (rows.fan_in() != 0) return static_cast<float>(rows.square_of(row, gradient) / static_cast<double>(rows.fan_in()));
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

float RowOptimizer::update_part(const Part& part, const Numbers& numbers) const noexcept {
  // What is kept in halves goes through these, and the kernels see floats.
  alignas(64) float weights[kBlock], first[kBlock], second[kBlock];
  const auto open = [&](float* floats, const std::uint16_t* halves, float* scratch) -> float* {
    if (halves == nullptr) return floats;
    kernels_.widen(halves, scratch, part.size);
    return scratch;
  };
  const auto close = [&](std::uint16_t* halves, const float* scratch, std::uint64_t array) {
    if (halves == nullptr) return;
    kernels_.narrow_stochastic(scratch, halves, part.size, hashing::derive(part.seed, array));
  };
  const bool split = part.low != nullptr;
  float* w = split ? nullptr : open(part.weights, part.high, weights);
  float* m = open(part.first, part.first_bf16, first);
  float* v = open(part.second, part.second_bf16, second);
  const float* g = part.gradient;
  float change = 0;
  switch (numbers.rule) {
    case Rule::adam:
      change = split ? kernels_.adam_split(part.high, part.low, m, v, g, part.size, &numbers.adam)
                     : kernels_.adam_f32(w, m, v, g, part.size, &numbers.adam);
      break;
    case Rule::momentum:
      change = split ? kernels_.momentum_split(part.high, part.low, m, g, part.size, &numbers.momentum)
                     : kernels_.momentum_f32(w, m, g, part.size, &numbers.momentum);
      break;
    case Rule::sgd:
      change = split ? kernels_.sgd_split(part.high, part.low, g, part.size, &numbers.sgd)
                     : kernels_.sgd_f32(w, g, part.size, &numbers.sgd);
      break;
  }
  if (!split) close(part.high, weights, 1);
  close(part.first_bf16, first, 2);
  close(part.second_bf16, second, 3);
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
