#include "simd/declare.h"

namespace glissade::simd::scalar {

void simhash_codes(const float* x, const std::uint32_t* terms, std::size_t nonzeros, std::size_t tables, std::size_t k,
                   std::uint32_t* codes) noexcept {
  for (std::size_t table = 0; table < tables; ++table) {
    std::uint32_t* code = codes + table * kHashLanes;
    for (std::size_t lane = 0; lane < kHashLanes; ++lane) code[lane] = 0;
    for (std::size_t bit = 0; bit < k; ++bit, terms += nonzeros) {
      float sum[kHashLanes] = {};
      for (std::size_t j = 0; j < nonzeros; ++j) {
        const float* row = x + (terms[j] & 0x7fffffffu) * kHashLanes;
        const bool negated = terms[j] >> 31 != 0;
        for (std::size_t lane = 0; lane < kHashLanes; ++lane) sum[lane] += negated ? -row[lane] : row[lane];
      }
      for (std::size_t lane = 0; lane < kHashLanes; ++lane) code[lane] |= static_cast<std::uint32_t>(sum[lane] > 0.0f) << bit;
    }
  }
}

void wta_digits(const float* x, const std::uint32_t* positions, std::size_t bin_size, std::size_t bins,
                std::uint8_t* digits) noexcept {
  constexpr std::uint8_t kEmpty = 255;
  for (std::size_t bin = 0; bin < bins; ++bin, positions += bin_size, digits += kHashLanes) {
    for (std::size_t lane = 0; lane < kHashLanes; ++lane) {
      bool empty = true;
      std::size_t winner = 0;
      for (std::size_t j = 0; j < bin_size; ++j) {
        const float value = x[positions[j] * kHashLanes + lane];
        if (value != 0.0f) empty = false;
        if (value > x[positions[winner] * kHashLanes + lane]) winner = j;
      }
      digits[lane] = empty ? kEmpty : static_cast<std::uint8_t>(winner);
    }
  }
}

}  // namespace glissade::simd::scalar
