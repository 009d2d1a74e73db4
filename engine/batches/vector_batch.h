#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <glissade/views.h>

#include "engine/features/vector_scale.h"
#include "engine/parameters/array.h"

namespace glissade {

/// The vectors of a batch as the layers read them: scaled, rounded to bf16, in floats and in halves, `stride` elements apart. A
/// row without a vector is all 0, the mean of the training rows.
struct VectorBatch {
  std::size_t samples = 0;
  std::size_t width = 0;
  std::size_t stride = 0;
  Array<float> values;
  Array<std::uint16_t> halves;

  void resize(std::size_t new_samples, std::size_t new_width);
  /// Row `at` becomes `vector` (may be empty), through `scale` if there is one.
  void put(std::size_t at, std::span<const float> vector, const VectorScale* scale) noexcept;
};

}  // namespace glissade
