#include "engine/pruning/importance.h"

#include <algorithm>
#include <cmath>

namespace glissade::pruning {
namespace {

constexpr double kWidest = 8;

void count_columns(const SparseMatrix& matrix, std::vector<double>& counts) {
  for (std::size_t e = 0; e < matrix.entries(); ++e) counts[matrix.ids[e]] += 1;
}

}  // namespace

std::vector<double> feature_counts(const Model::Impl& model) {
  const SparseMatrix& samples = model.paths.neighbours.samples;
  const SparseMatrix& rows = model.paths.label_rows.rows;
  if (samples.entries() == 0 && rows.entries() == 0) return {};
  std::vector<double> counts(model.shape.features, 0);
  count_columns(samples.entries() != 0 ? samples : rows, counts);
  return counts;
}

std::vector<float> row_steps(const std::vector<double>& counts, std::size_t rows, double step, double power) {
  std::vector<float> steps(rows, static_cast<float>(step));
  if (counts.size() != rows || rows == 0) return steps;
  // The mean is of what is asked, not of rows: so the usual row has about `step`.
  double sum = 0, asked = 0;
  for (const double count : counts) {
    sum += (count + 1) * std::log(count + 1);
    asked += count + 1;
  }
  const double middle = sum / asked;
  for (std::size_t row = 0; row < rows; ++row) {
    const double factor = std::exp(power * (middle - std::log(counts[row] + 1)));
    steps[row] = static_cast<float>(step * std::clamp(factor, 1 / kWidest, kWidest));
  }
  return steps;
}

}  // namespace glissade::pruning
