#include "hashing/bins.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <numeric>
#include <utility>

#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade::hashing {
namespace {

void shuffle(std::vector<std::uint32_t>& permutation, std::uint64_t seed) noexcept {
  Random random(seed);
  std::iota(permutation.begin(), permutation.end(), 0u);
  for (std::size_t i = permutation.size(); i > 1; --i) std::swap(permutation[i - 1], permutation[random.below(i)]);
}

}  // namespace

Bins::Bins(const FamilyParams& params, std::uint64_t stream)
    : k_(params.k), tables_(params.tables), bin_size_(params.bin_size), count_(k_ * tables_), positions_(count_ * bin_size_) {
  assert(std::has_single_bit(params.bin_size) && params.bin_size >= 2 && params.bin_size <= 128);
  const std::size_t dimension = params.dimension;
  const std::size_t bins_per_permutation = std::max<std::size_t>(1, dimension / bin_size_);
  std::vector<std::uint32_t> permutation(dimension);
  for (std::size_t bin = 0; bin < count_; ++bin) {
    const std::size_t place = bin % bins_per_permutation;
    if (place == 0) shuffle(permutation, derive(params.seed, stream, bin / bins_per_permutation));
    for (std::size_t j = 0; j < bin_size_; ++j)
      positions_[bin * bin_size_ + j] = permutation[(place * bin_size_ + j) % dimension];
  }
}

std::uint8_t* Bins::digits(const float* block, const simd::Kernels& kernels) const {
  static thread_local std::vector<std::uint8_t> scratch;
  if (scratch.size() < count_ * kLanes) scratch.resize(count_ * kLanes);
  kernels.wta_digits(block, positions_.data(), bin_size_, count_, scratch.data());
  return scratch.data();
}

void Bins::pack(const std::uint8_t* digits, std::uint32_t* codes) const noexcept {
  const auto mask = static_cast<std::uint8_t>(bin_size_ - 1);
  const auto digit_bits = static_cast<std::uint32_t>(std::countr_zero(bin_size_));
  for (std::size_t table = 0; table < tables_; ++table, digits += k_ * kLanes, codes += kLanes) {
    std::uint32_t packed[kLanes] = {};
    for (std::size_t i = k_; i-- > 0;)
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        packed[lane] = packed[lane] << digit_bits | static_cast<std::uint8_t>(digits[i * kLanes + lane] & mask);
    std::memcpy(codes, packed, sizeof packed);
  }
}

}  // namespace glissade::hashing
