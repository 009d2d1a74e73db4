#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/parameters/array.h"
#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// The mean of parameters as they were at several steps (Izmailov et al., Averaging Weights Leads to Wider Optima, 2018), in
/// floats whatever the storage: the middle of where steps at a high rate wander about generalises better than where a falling
/// rate comes to rest. Calls are always about the same blocks, in the same order.
class WeightAverage {
 public:
  using Blocks = std::span<ParameterRows* const>;

  /// Takes today's weights and biases into the mean. In parallel.
  void add(Blocks blocks);
  /// Puts the mean in place of the weights and forgets it. In parallel.
  void move_to(Blocks blocks);

  bool empty() const noexcept { return count == 0; }
  static std::size_t size_of(const ParameterRows& rows) noexcept {
    return rows.rows() * (rows.is_compact() ? rows.kept(0) : rows.width()) + rows.bias.size();
  }

  // For the model file.
  std::uint64_t count = 0;          ///< steps that are in the mean
  std::vector<Array<float>> means;  ///< by block: what is kept of its rows without padding, then its biases
};

}  // namespace glissade
