#pragma once

#include <cstdint>
#include <vector>

#include <glissade/config.h>
#include <glissade/views.h>

#include "engine/layers/network.h"

namespace glissade::test {

/// One sample's active set as the reference sees it: the logit of ids[exact + i] counts exp(log_weights[i]) times.
struct ReferenceSet {
  std::vector<std::uint32_t> ids;
  std::size_t exact = 0;
  std::vector<float> log_weights;  ///< empty: all 0
};

/// A network in doubles, written for clarity: what the engine's forward pass and losses should compute. The parameters are plain
/// arrays, so that a test can move each and look at the loss.
class ReferenceNetwork {
 public:
  /// As the model file numbers them: embedding bag, its bias, dense layers, output layer.
  struct Block {
    std::size_t rows = 0;
    std::size_t width = 0;
    std::vector<double> weights;
    std::vector<double> bias;  ///< per row; empty for the first two blocks
  };

  explicit ReferenceNetwork(const Network& network);

  /// Activations of every hidden layer, [layer][sample * width + unit]. `factors` has the same shape (what dropout multiplies a
  /// unit by), or is empty.
  using Hidden = std::vector<std::vector<double>>;
  Hidden hidden(const SparseRows& x, const Hidden& factors) const;

  /// Logit of output row `row` for the last hidden layer's values `h`.
  double logit(std::size_t row, const double* h) const;

  /// Mean loss over the samples; sets[i] belongs to sample i.
  double loss(const DatasetView& data, const std::vector<ReferenceSet>& sets, const Hidden& factors, LossKind kind) const;

  /// Smallest distance of a hidden unit's sum from the kink of the ReLU, or from the next that would lose, in the last call of
  /// hidden(): central differences are only valid while it is well above the step.
  double nearest_kink() const noexcept { return nearest_kink_; }

  std::vector<Block> blocks;

 private:
  double sample_loss(const ReferenceSet& set, std::span<const std::uint32_t> labels, const double* h, LossKind kind) const;

  void keep_winners(double* units, std::size_t width) const;

  std::size_t active_units_ = 0;  ///< of the last hidden layer, 0 = all
  mutable double nearest_kink_ = 0;
};

}  // namespace glissade::test
