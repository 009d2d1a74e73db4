#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// Output rows and hidden activations seen from their means. With w', h' for what is left of a row and an activation, the logit
/// w h + b is w' h' + (b + w' mean(h)) + a number that is the same for all rows: so the vectors [w', b + w' mean(h)] and [h', 1]
/// rank rows as logits do, but do not all point the same way.
class CentredRows {
 public:
  /// Takes the means over the rows `sample` and over a batch.
  void measure(const ParameterRows& rows, std::span<const std::uint32_t> sample, const Activations& hidden);

  /// Of the vectors: the width and one.
  std::size_t dimension() const noexcept { return row_mean_.size() + 1; }
  void row(const ParameterRows& rows, std::uint32_t id, float* out) const noexcept;
  void query(const float* hidden, float* out) const noexcept;

 private:
  friend class TableState;
  std::vector<float> row_mean_, hidden_mean_;
  float bias_mean_ = 0;
};

}  // namespace glissade
