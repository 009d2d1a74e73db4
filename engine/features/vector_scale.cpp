#include "engine/features/vector_scale.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace glissade {
namespace {

constexpr std::size_t kRowsAtOnce = 4096;
constexpr double kLeastDeviation = 1e-6;  ///< of a column's magnitude: below, it is rounding

/// add(row, sums) of each row with a vector: sums by column, over blocks of rows and then over the blocks.
template <class Add>
std::vector<double> column_sums(const DenseRows& vectors, const Add& add) {
  const std::size_t blocks = (vectors.rows() + kRowsAtOnce - 1) / kRowsAtOnce;
  std::vector<std::vector<double>> parts(blocks);
  tbb::parallel_for(std::size_t{0}, blocks, [&](std::size_t block) {
    std::vector<double>& sums = parts[block];
    sums.assign(vectors.width, 0.0);
    const std::size_t end = std::min(vectors.rows(), (block + 1) * kRowsAtOnce);
    for (std::size_t row = block * kRowsAtOnce; row < end; ++row) {
      const auto vector = vectors.row(row);
      for (std::size_t column = 0; column < vector.size(); ++column) sums[column] += add(column, double{vector[column]});
    }
  });
  std::vector<double> sums(vectors.width, 0.0);
  for (const auto& part : parts) {
    for (std::size_t column = 0; column < sums.size(); ++column) sums[column] += part[column];
  }
  return sums;
}

std::size_t count_vectors(const DenseRows& vectors) noexcept {
  std::size_t count = 0;
  for (std::size_t row = 0; row < vectors.rows(); ++row) count += vectors.place(row) == DenseRows::kNone ? 0 : 1;
  return count;
}

}  // namespace

VectorScale::VectorScale(std::size_t width) : numbers_(2 * width) {
  std::fill(numbers_.data() + width, numbers_.data() + 2 * width, 1.f);
}

void VectorScale::learn(const DenseRows& vectors) {
  if (known_) return;
  numbers_ = Array<float>(2 * vectors.width);  // that of another handle stays
  const auto rows = static_cast<double>(std::max<std::size_t>(1, count_vectors(vectors)));
  std::vector<double> means = column_sums(vectors, [](std::size_t, double value) { return value; });
  for (double& mean : means) mean /= rows;
  const std::vector<double> squares = column_sums(
      vectors, [&means](std::size_t column, double value) { return (value - means[column]) * (value - means[column]); });
  std::size_t vary = 0;
  std::vector<double> deviations(means.size());
  for (std::size_t column = 0; column < means.size(); ++column) {
    const double deviation = std::sqrt(squares[column] / rows);
    if (deviation <= kLeastDeviation * std::abs(means[column])) continue;
    deviations[column] = deviation;
    ++vary;
  }
  const double length = kLength / std::sqrt(static_cast<double>(std::max<std::size_t>(1, vary)));
  for (std::size_t column = 0; column < means.size(); ++column) {
    numbers_[column] = static_cast<float>(means[column]);
    numbers_[means.size() + column] = deviations[column] > 0 ? static_cast<float>(length / deviations[column]) : 0.f;
  }
}

void VectorScale::apply(std::span<const float> vector, float* out) const noexcept {
  const float* const means = numbers_.data();
  const float* const factors = means + vector.size();
  for (std::size_t column = 0; column < vector.size(); ++column) out[column] = (vector[column] - means[column]) * factors[column];
}

const char* VectorScale::defect(std::size_t width) const noexcept {
  if (numbers_.size() != 2 * width) return "the scale of its vectors is not two numbers per column";
  const auto finite = [](float number) { return std::isfinite(number); };
  return std::all_of(numbers_.data(), numbers_.data() + numbers_.size(), finite) ? "" : "the scale of its vectors is not finite";
}

}  // namespace glissade
