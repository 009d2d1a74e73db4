#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hashing/family.h"

namespace glissade::hashing {

/// Set in the digit of a bin without a non-zero value: digits are below 128.
inline constexpr std::uint8_t kEmptyMark = 0x80;

/// K * L bins of bin_size dimensions, and one digit per bin: the place of the first largest entry. What the winner-take-all
/// families and MinHash share. Bins are cut from random permutations of the dimensions: the bins of one permutation share no
/// entry, the remainder of dimension / bin_size is left out of that permutation only. A vector shorter than a bin is repeated to
/// fill it; since the first of equal values wins, only `dimension` of the bin's digits occur then. Immutable.
class Bins {
 public:
  /// Permutations are drawn from (params.seed, stream). bin_size is a power of two in [2, 128].
  Bins(const FamilyParams& params, std::uint64_t stream);

  std::size_t count() const noexcept { return count_; }

  /// Digits of 16 vectors, digits[bin * kLanes + lane]; 255 where the bin is empty. `block` is dimension x kLanes floats. The
  /// array belongs to the thread, is valid until its next call and grows at a thread's first call only.
  std::uint8_t* digits(const float* block, const simd::Kernels& kernels) const;

  /// Addresses of 16 vectors in every table: K digits each, the first one lowest, each exactly log2(bin_size) bits wide.
  void pack(const std::uint8_t* digits, std::uint32_t* codes) const noexcept;

 private:
  std::size_t k_;
  std::size_t tables_;
  std::size_t bin_size_;
  std::size_t count_;
  std::vector<std::uint32_t> positions_;  // [bin][bin_size]
};

}  // namespace glissade::hashing
