#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

#include "hashing/families.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade::hashing {
namespace {

constexpr std::uint64_t kPermutationStream = 0x64777461;  // "dwta"
constexpr std::uint64_t kProbeStream = 0x70726f6265;      // "probe"
constexpr std::uint8_t kEmptyMark = 0x80;                 // set in the kernel's digit of a bin without a non-zero value, 255
/// A vector with a share f of non-empty bins is left with an empty digit with probability (1 - f)^kAttempts: 1e-3 at f = 0.1.
constexpr std::uint32_t kAttempts = 64;

/// Winner-take-all: a digit is the place of the largest of bin_size randomly chosen entries, so it depends on their order only.
/// Bins are cut from random permutations of the dimensions: the bins of one permutation share no entry, the remainder of
/// dimension / bin_size is left out of that permutation only. A vector shorter than a bin is repeated to fill it; since the
/// first of equal values wins, only `dimension` of the bin's digits occur then.
class Dwta final : public Family {
 public:
  Dwta(const FamilyParams& params, const simd::Kernels& kernels)
      : Family(params, kernels),
        bins_(std::size_t{params.k} * params.tables),
        digit_bits_(static_cast<std::uint32_t>(std::countr_zero(params.bin_size))),
        probe_seed_(derive(params.seed, kProbeStream)) {
    assert(std::has_single_bit(params.bin_size) && params.bin_size >= 2 && params.bin_size <= 128);
    draw_positions();
  }

  void codes(const float* block, std::uint32_t* codes) const noexcept override {
    static thread_local std::vector<std::uint8_t> scratch;
    if (scratch.size() < bins_ * kLanes) scratch.resize(bins_ * kLanes);
    std::uint8_t* digits = scratch.data();
    kernels_->wta_digits(block, positions_.data(), params_.bin_size, bins_, digits);
    const Empties empties = find_empties(digits);
    if (empties.any) densify(digits, empties);
    for (std::size_t table = 0; table < params_.tables; ++table)
      pack(digits + table * params_.k * kLanes, codes + table * kLanes);
  }

 private:
  void draw_positions() {
    const std::size_t dimension = params_.dimension;
    const std::size_t bin_size = params_.bin_size;
    const std::size_t bins_per_permutation = std::max<std::size_t>(1, dimension / bin_size);
    positions_.resize(bins_ * bin_size);
    std::vector<std::uint32_t> permutation(dimension);
    for (std::size_t bin = 0; bin < bins_; ++bin) {
      const std::size_t place = bin % bins_per_permutation;
      if (place == 0) shuffle(permutation, bin / bins_per_permutation);
      for (std::size_t j = 0; j < bin_size; ++j) positions_[bin * bin_size + j] = permutation[(place * bin_size + j) % dimension];
    }
  }

  void shuffle(std::vector<std::uint32_t>& permutation, std::uint64_t counter) const {
    Random random(derive(params_.seed, kPermutationStream, counter));
    std::iota(permutation.begin(), permutation.end(), 0u);
    for (std::size_t i = permutation.size(); i > 1; --i) std::swap(permutation[i - 1], permutation[random.below(i)]);
  }

  static_assert(kLanes == 2 * sizeof(std::uint64_t));
  /// One byte per lane, in two words.
  using LaneBytes = std::array<std::uint64_t, 2>;
  static constexpr std::uint64_t kTopBits = 0x8080808080808080ull;  // digits are below 128, so the top bit marks an empty bin

  struct Empties {
    bool any;
    LaneBytes whole_vector;  // top bit set: all bins of the lane are empty
  };

  static LaneBytes load_lanes(const std::uint8_t* digits) noexcept {
    LaneBytes lanes;
    std::memcpy(lanes.data(), digits, kLanes);
    return lanes;
  }

  Empties find_empties(const std::uint8_t* digits) const noexcept {
    LaneBytes one{0, 0}, all{kTopBits, kTopBits};
    for (std::size_t bin = 0; bin < bins_; ++bin) {
      const LaneBytes lanes = load_lanes(digits + bin * kLanes);
      for (std::size_t half = 0; half < 2; ++half) one[half] |= lanes[half], all[half] &= lanes[half];
    }
    return {((one[0] | one[1]) & kTopBits) != 0, all};
  }

  /// Fills the empty bins; borrowed digits keep their top bit meanwhile, so that nobody borrows what was borrowed. A vector of
  /// zeros only (also a lane that is mere padding) has nothing to borrow: its digits become 0.
  void densify(std::uint8_t* digits, const Empties& empties) const noexcept {
    LaneBytes keep;
    for (std::size_t half = 0; half < 2; ++half) keep[half] = ~((empties.whole_vector[half] >> 7) * 0xff);
    for (std::size_t bin = 0; bin < bins_; ++bin) {
      LaneBytes lanes = load_lanes(digits + bin * kLanes);
      for (std::size_t half = 0; half < 2; ++half) {
        lanes[half] &= keep[half];
        for (std::uint64_t left = lanes[half] & kTopBits; left != 0; left &= left - 1) {
          const auto shift = static_cast<std::size_t>(std::countr_zero(left)) & ~std::size_t{7};
          const std::uint64_t borrowed = borrow(digits, bin, half * 8 + shift / 8);
          lanes[half] = (lanes[half] & ~(std::uint64_t{0x7f} << shift)) | borrowed << shift;
        }
      }
      std::memcpy(digits + bin * kLanes, lanes.data(), kLanes);
    }
  }

  /// Densification (Chen & Shrivastava 2018): the digit of the first non-empty bin of the same vector along a probe sequence that
  /// depends on the empty bin only, so that two vectors with the same empty bin probe the same ones.
  std::uint8_t borrow(const std::uint8_t* digits, std::size_t bin, std::size_t lane) const noexcept {
    for (std::uint32_t attempt = 0; attempt < kAttempts; ++attempt) {
      const std::uint64_t probe = Random(probe_seed_ + bin * kAttempts + attempt).below(bins_);
      const std::uint8_t digit = digits[probe * kLanes + lane];
      if (digit < kEmptyMark) return digit;
    }
    return 0;
  }

  /// The first digit lowest, each exactly digit_bits_ wide.
  void pack(const std::uint8_t* digits, std::uint32_t* codes) const noexcept {
    const std::uint8_t mask = static_cast<std::uint8_t>(params_.bin_size - 1);
    std::uint32_t packed[kLanes] = {};
    for (std::uint32_t i = params_.k; i-- > 0;)
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        packed[lane] = packed[lane] << digit_bits_ | static_cast<std::uint8_t>(digits[i * kLanes + lane] & mask);
    std::memcpy(codes, packed, sizeof packed);
  }

  std::size_t bins_;
  std::uint32_t digit_bits_;
  std::uint64_t probe_seed_;
  std::vector<std::uint32_t> positions_;  // [bin][bin_size]
};

}  // namespace

std::unique_ptr<Family> make_dwta(const FamilyParams& params, const simd::Kernels& kernels) {
  return std::make_unique<Dwta>(params, kernels);
}

}  // namespace glissade::hashing
