#include "engine/batches/vector_batch.h"

#include <algorithm>

#include "engine/parameters/parameter_rows.h"
#include "simd/kernels.h"

namespace glissade {

void VectorBatch::resize(std::size_t new_samples, std::size_t new_width) {
  samples = new_samples;
  width = new_width;
  stride = ParameterRows::padded(new_width);
  values.reserve_discard(samples * stride);
  halves.reserve_discard(samples * stride);
}

void VectorBatch::put(std::size_t at, std::span<const float> vector, const VectorScale* scale) noexcept {
  float* const row = values.data() + at * stride;
  std::uint16_t* const half = halves.data() + at * stride;
  if (vector.empty()) {
    std::fill_n(row, width, 0.f);
  } else if (scale != nullptr && !scale->empty()) {
    scale->apply(vector, row);
  } else {
    std::ranges::copy(vector, row);
  }
  simd::kernels().narrow_nearest(row, half, width);
  simd::kernels().widen(half, row, width);
}

}  // namespace glissade
