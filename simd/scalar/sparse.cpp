#include "simd/declare.h"

namespace glissade::simd::scalar {

void sparse_dots(const float* x, const std::uint32_t* ids, const std::uint16_t* values, const std::uint64_t* offsets,
                 const std::uint32_t* rows, std::size_t count, float* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    float sum = 0;
    for (std::uint64_t j = offsets[rows[i]]; j < offsets[rows[i] + 1]; ++j) {
      sum += x[ids[j]] * __builtin_bit_cast(float, static_cast<std::uint32_t>(values[j]) << 16);
    }
    out[i] = sum;
  }
}

namespace {

template <class Widened>
void connected_dots(const float* x, std::size_t pitch, const std::uint16_t* columns, std::size_t fan_in, const std::uint32_t* ids,
                    std::size_t count, float* out, const Widened& weight) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    float sum = 0;
    for (std::size_t d = 0; d < fan_in; ++d) sum += x[columns[ids[i] * fan_in + d]] * weight(ids[i] * pitch + d);
    out[i] = sum;
  }
}

}  // namespace

void connected_dots_f32(const float* x, const float* rows, std::size_t pitch, const std::uint16_t* columns, std::size_t fan_in,
                        const std::uint32_t* ids, std::size_t count, float* out) noexcept {
  connected_dots(x, pitch, columns, fan_in, ids, count, out, [rows](std::size_t at) { return rows[at]; });
}

void connected_dots_bf16(const float* x, const std::uint16_t* rows, std::size_t pitch, const std::uint16_t* columns,
                         std::size_t fan_in, const std::uint32_t* ids, std::size_t count, float* out) noexcept {
  connected_dots(x, pitch, columns, fan_in, ids, count, out,
                 [rows](std::size_t at) { return __builtin_bit_cast(float, static_cast<std::uint32_t>(rows[at]) << 16); });
}

std::size_t sparse_matches(const float* x, const std::uint32_t* ids, std::size_t count, std::uint32_t* places) noexcept {
  std::size_t found = 0;
  for (std::size_t j = 0; j < count; ++j) {
    places[found] = static_cast<std::uint32_t>(j);
    found += x[ids[j]] != 0.f;
  }
  return found;
}

}  // namespace glissade::simd::scalar
