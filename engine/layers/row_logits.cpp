#include "engine/layers/row_logits.h"

#include "engine/layers/compact_rows.h"
#include "simd/kernels.h"

namespace glissade {

void row_logits(const ParameterRows& rows, const Activations& hidden, std::size_t sample, std::span<const std::uint32_t> ids,
                float* out) noexcept {
  const simd::Kernels& kernels = simd::kernels();
  if (rows.is_compact()) {
    compact_dots(rows, hidden, sample, ids, 0, out);
  } else if (rows.storage() == Storage::fp32) {
    kernels.dots_f32(hidden.row(sample), rows.weights.data(), rows.stride(), ids.data(), ids.size(), rows.width(), out);
  } else {
    kernels.dots_bf16(hidden.half_row(sample), rows.high.data(), rows.stride(), ids.data(), ids.size(), rows.width(), out);
  }
}

}  // namespace glissade
