#include <algorithm>
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
constexpr std::uint8_t kEmpty = 255;                      // the kernel's digit of a bin without a non-zero value
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
    clear_empty_vectors(digits);
    for (std::size_t table = 0; table < params_.tables; ++table) pack(digits, table, codes + table * kLanes);
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
      for (std::size_t j = 0; j < bin_size; ++j)
        positions_[bin * bin_size + j] = permutation[(place * bin_size + j) % dimension];
    }
  }

  void shuffle(std::vector<std::uint32_t>& permutation, std::uint64_t counter) const {
    Random random(derive(params_.seed, kPermutationStream, counter));
    std::iota(permutation.begin(), permutation.end(), 0u);
    for (std::size_t i = permutation.size(); i > 1; --i) std::swap(permutation[i - 1], permutation[random.below(i)]);
  }

  /// A vector of zeros only (also a lane that is mere padding) has nothing to borrow: all its digits become 0 at once.
  void clear_empty_vectors(std::uint8_t* digits) const noexcept {
    std::uint8_t lowest[kLanes];
    std::memset(lowest, kEmpty, kLanes);
    for (std::size_t bin = 0; bin < bins_; ++bin)
      for (std::size_t lane = 0; lane < kLanes; ++lane) lowest[lane] = std::min(lowest[lane], digits[bin * kLanes + lane]);
    std::uint8_t keep[kLanes];
    bool any = false;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      keep[lane] = lowest[lane] == kEmpty ? 0 : 0xff;
      any |= keep[lane] == 0;
    }
    if (!any) return;
    for (std::size_t bin = 0; bin < bins_; ++bin)
      for (std::size_t lane = 0; lane < kLanes; ++lane) digits[bin * kLanes + lane] &= keep[lane];
  }

  void pack(const std::uint8_t* digits, std::size_t table, std::uint32_t* codes) const noexcept {
    std::uint32_t packed[kLanes] = {};
    for (std::uint32_t i = 0; i < params_.k; ++i) {
      const std::size_t bin = table * params_.k + i;
      std::uint8_t dense[kLanes];
      std::memcpy(dense, digits + bin * kLanes, kLanes);
      // Digits are below 128, so the top bit marks an empty bin.
      std::uint64_t halves[2];
      std::memcpy(halves, dense, kLanes);
      if (((halves[0] | halves[1]) & 0x8080808080808080ull) != 0) fill_empty(digits, bin, dense);
      for (std::size_t lane = 0; lane < kLanes; ++lane) packed[lane] |= std::uint32_t{dense[lane]} << (i * digit_bits_);
    }
    std::memcpy(codes, packed, sizeof packed);
  }

  void fill_empty(const std::uint8_t* digits, std::size_t bin, std::uint8_t* dense) const noexcept {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      if (dense[lane] == kEmpty) dense[lane] = borrow(digits, bin, lane);
  }

  /// Densification (Chen & Shrivastava 2018): the digit of the first non-empty bin of the same vector along a probe sequence that
  /// depends on the empty bin only, so that two vectors with the same empty bin probe the same ones.
  std::uint8_t borrow(const std::uint8_t* digits, std::size_t bin, std::size_t lane) const noexcept {
    for (std::uint32_t attempt = 0; attempt < kAttempts; ++attempt) {
      const std::uint64_t probe = Random(probe_seed_ + bin * kAttempts + attempt).below(bins_);
      const std::uint8_t digit = digits[probe * kLanes + lane];
      if (digit != kEmpty) return digit;
    }
    return 0;
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
