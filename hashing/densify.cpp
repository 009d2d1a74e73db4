#include "hashing/densify.h"

#include <array>
#include <bit>
#include <cstring>

#include "hashing/bins.h"
#include "hashing/seeds.h"

namespace glissade::hashing {
namespace {

/// A vector with a share f of non-empty bins is left with an empty digit with probability (1 - f)^kAttempts: 1e-3 at f = 0.1.
constexpr std::uint32_t kAttempts = 64;

/// One byte per lane, in two words.
using LaneBytes = std::array<std::uint64_t, 2>;
static_assert(kLanes == sizeof(LaneBytes));
constexpr std::uint64_t kTopBits = kEmptyMark * 0x0101010101010101ull;

LaneBytes load_lanes(const std::uint8_t* digits) noexcept {
  LaneBytes lanes;
  std::memcpy(lanes.data(), digits, kLanes);
  return lanes;
}

struct Empties {
  bool any;
  LaneBytes whole_vector;  // top bit set: all bins of the lane are empty
};

Empties find_empties(const std::uint8_t* digits, std::size_t bins) noexcept {
  LaneBytes one{0, 0}, all{kTopBits, kTopBits};
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const LaneBytes lanes = load_lanes(digits + bin * kLanes);
    for (std::size_t half = 0; half < 2; ++half) one[half] |= lanes[half], all[half] &= lanes[half];
  }
  return {((one[0] | one[1]) & kTopBits) != 0, all};
}

/// The digit of the first non-empty bin of the same vector along a probe sequence that depends on the empty bin only, so that two
/// vectors with the same empty bin probe the same ones.
std::uint8_t borrow(const std::uint8_t* digits, std::size_t bins, std::uint64_t probe_seed, std::size_t bin,
                    std::size_t lane) noexcept {
  for (std::uint32_t attempt = 0; attempt < kAttempts; ++attempt) {
    const std::uint64_t probe = Random(probe_seed + bin * kAttempts + attempt).below(bins);
    const std::uint8_t digit = digits[probe * kLanes + lane];
    if (digit < kEmptyMark) return digit;
  }
  return 0;
}

}  // namespace

void densify(std::uint8_t* digits, std::size_t bins, std::uint64_t probe_seed) noexcept {
  const Empties empties = find_empties(digits, bins);
  if (!empties.any) return;
  LaneBytes keep;  // a vector of zeros (also a lane that is mere padding) has nothing to borrow
  for (std::size_t half = 0; half < 2; ++half) keep[half] = ~((empties.whole_vector[half] >> 7) * 0xff);
  for (std::size_t bin = 0; bin < bins; ++bin) {
    LaneBytes lanes = load_lanes(digits + bin * kLanes);
    for (std::size_t half = 0; half < 2; ++half) {
      lanes[half] &= keep[half];
      for (std::uint64_t left = lanes[half] & kTopBits; left != 0; left &= left - 1) {
        const auto shift = static_cast<std::size_t>(std::countr_zero(left)) & ~std::size_t{7};
        const std::uint64_t borrowed = borrow(digits, bins, probe_seed, bin, half * 8 + shift / 8);
        // The top bit stays meanwhile, so that no bin borrows from a borrower.
        lanes[half] = (lanes[half] & ~(std::uint64_t{0x7f} << shift)) | borrowed << shift;
      }
    }
    std::memcpy(digits + bin * kLanes, lanes.data(), kLanes);
  }
}

}  // namespace glissade::hashing
