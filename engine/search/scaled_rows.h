#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// Output rows as queries see them: each weight times how much its hidden unit varies over queries, and the bias together with
/// what the row gives at the mean query. The distance between two such rows is how far their logits differ, over queries.
class ScaledRows {
 public:
  ScaledRows(const ParameterRows& rows, const Activations& hidden, std::size_t queries)
      : rows_(rows), mean_(rows.width()), scale_(rows.width(), 1.f), slope_(rows.width()) {
    measure(hidden, queries);
  }

  std::size_t rows() const noexcept { return rows_.rows(); }
  std::size_t width() const noexcept { return rows_.width(); }
  float scale(std::size_t unit) const noexcept { return scale_[unit]; }

  /// The scaled weights of a row; `out` has room for width().
  void read(std::size_t row, float* out) const noexcept {
    rows_.read_forward(row, out);
    for (std::size_t d = 0; d < scale_.size(); ++d) out[d] *= scale_[d];
  }

  /// What the scaled weight `value` of a unit gives at the mean query.
  double at_mean(std::size_t unit, float value) const noexcept { return double{slope_[unit]} * value; }

  /// The bias of a row that read() gave as `x`, at the mean query.
  float bias_at_mean(std::size_t row, const float* x) const noexcept {
    double bias = rows_.bias[row];
    for (std::size_t d = 0; d < slope_.size(); ++d) bias += at_mean(d, x[d]);
    return static_cast<float>(bias);
  }

  float bias(std::size_t row) const noexcept { return rows_.bias[row]; }

 private:
  /// Mean and spread of each hidden unit over the first `count` queries.
  void measure(const Activations& hidden, std::size_t count) {
    const std::size_t width = mean_.size();
    if (count == 0) return;
    std::vector<double> sums(width), squares(width);
    for (std::size_t s = 0; s < count; ++s) {
      for (std::size_t d = 0; d < width; ++d) {
        const double x = hidden.row(s)[d];
        sums[d] += x;
        squares[d] += x * x;
      }
    }
    double total = 0;
    for (std::size_t d = 0; d < width; ++d) {
      mean_[d] = static_cast<float>(sums[d] / static_cast<double>(count));
      squares[d] = std::max(0.0, squares[d] / static_cast<double>(count) - double{mean_[d]} * mean_[d]);
      total += squares[d];
    }
    // A unit that these queries do not move may be moved by another one.
    constexpr double kFloor = 0.01;
    const double floor = kFloor * total / static_cast<double>(width) + std::numeric_limits<float>::min();
    for (std::size_t d = 0; d < width; ++d) {
      scale_[d] = static_cast<float>(std::sqrt(squares[d] + floor));
      slope_[d] = mean_[d] / scale_[d];
    }
  }

  const ParameterRows& rows_;
  std::vector<float> mean_, scale_, slope_;  ///< of the hidden units; the slope is mean / scale
};

}  // namespace glissade
