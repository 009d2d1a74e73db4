#pragma once

#include <glissade/config.h>
#include <glissade/phases.h>
#include <glissade/views.h>

#include "engine/layers/activation.h"
#include "engine/layers/row_groups.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/parameters/row_optimizer.h"

namespace glissade {

/// The input layer: a sample's sums are the bias plus the value-weighted sum of its features' rows. One parameter row per
/// feature.
class EmbeddingBag {
 public:
  EmbeddingBag() = default;
  EmbeddingBag(std::size_t features, std::size_t width, const ParameterRows::Options& options);

  /// sums[sample] = bias + sum_f value * rows[f]; `x` must have explicit values. In parallel over samples.
  void forward(const SparseRows& x, Activations& sums) const { sum_rows(x, sums, true); }
  /// The same without the bias, and that alone, added: for sums whose other features are elsewhere.
  void forward_without_bias(const SparseRows& x, Activations& sums) const { sum_rows(x, sums, false); }
  void add_bias(Activations& sums) const;

  /// Updates the rows that the batch used, each once, and the bias; `gradient` is by the sums, [samples x stride].
  /// Times are added to `phases`.
  void backward(const SparseRows& x, const float* gradient, std::size_t stride, const RowOptimizer& optimizer, RowGroups& groups,
                PhaseSeconds& phases);

  ParameterRows rows;  ///< [features x width], no bias per row
  ParameterRows bias;  ///< one row of `width`, always in floats

 private:
  void sum_rows(const SparseRows& x, Activations& sums, bool with_bias) const;
};

}  // namespace glissade
