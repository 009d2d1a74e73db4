#include "simd/declare.h"

namespace glissade::simd::scalar {

void sketch_sums(const std::uint8_t* codes, std::size_t blocks, const std::uint8_t* tables, std::uint16_t* sums) noexcept {
  for (; blocks != 0; --blocks, codes += kSketchRows * kSketchBytes, sums += kSketchRows) {
    for (std::size_t row = 0; row < kSketchRows; ++row) {
      unsigned sum = 0;
      for (std::size_t byte = 0; byte < kSketchBytes; ++byte) {
        const unsigned code = codes[byte * kSketchRows + row];
        sum += tables[2 * byte * 16 + (code & 15u)] + tables[(2 * byte + 1) * 16 + (code >> 4)];
      }
      sums[row] = static_cast<std::uint16_t>(sum);
    }
  }
}

}  // namespace glissade::simd::scalar
