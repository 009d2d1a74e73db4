#include "engine/layers/compact_rows.h"

#include <algorithm>
#include <vector>

#include "simd/kernels.h"

namespace glissade {
void compact_dots(const ParameterRows& rows, const Activations& hidden, std::size_t sample, std::span<const std::uint32_t> ids,
                  std::size_t first, float* out) noexcept {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t pitch = rows.pitch(), fan_in = rows.kept(0), skip = first * pitch;
  const std::uint16_t* const columns = rows.connections.data() + first * fan_in;
  const float* const x = hidden.row(sample);
  if (rows.storage() == Storage::fp32) {
    kernels.connected_dots_f32(x, rows.weights.data() + skip, pitch, columns, fan_in, ids.data(), ids.size(), out);
  } else {
    kernels.connected_dots_bf16(x, rows.high.data() + skip, pitch, columns, fan_in, ids.data(), ids.size(), out);
  }
}

void compact_bag(const ParameterRows& rows, std::span<const std::uint32_t> ids, const float* weights, float* out) noexcept {
  const simd::Kernels& kernels = simd::kernels();
  static thread_local std::vector<float> wide;
  wide.resize(rows.pitch());
  std::fill_n(out, rows.width(), 0.f);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::size_t at = rows.begin(ids[i]);
    const auto columns = rows.connections_of(ids[i]);
    const float* row = rows.storage() == Storage::fp32 ? rows.weights.data() + at : wide.data();
    if (rows.storage() != Storage::fp32) kernels.widen(rows.high.data() + at, wide.data(), columns.size());
    for (std::size_t d = 0; d < columns.size(); ++d) out[columns[d]] += weights[i] * row[d];
  }
}

}  // namespace glissade
