#include "simd/declare.h"

namespace glissade::simd::scalar {

void sketch_sums(const std::uint8_t* codes, std::size_t blocks, std::size_t bytes, const std::uint8_t* tables,
                 std::uint16_t* sums) noexcept {
  for (; blocks != 0; --blocks, codes += kSketchRows * bytes, sums += kSketchRows) {
    for (std::size_t row = 0; row < kSketchRows; ++row) {
      unsigned sum = 0;
      for (std::size_t byte = 0; byte < bytes; ++byte) {
        const unsigned code = codes[byte * kSketchRows + row];
        sum += tables[2 * byte * 16 + (code & 15u)] + tables[(2 * byte + 1) * 16 + (code >> 4)];
      }
      sums[row] = static_cast<std::uint16_t>(sum);
    }
  }
}

std::size_t places_from(const std::uint16_t* x, std::size_t n, std::uint16_t least, std::uint32_t* places) noexcept {
  std::size_t count = 0;
  for (std::size_t j = 0; j < n; ++j) {
    if (x[j] >= least) places[count++] = static_cast<std::uint32_t>(j);
  }
  return count;
}

}  // namespace glissade::simd::scalar
