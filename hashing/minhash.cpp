#include <algorithm>
#include <bit>
#include <functional>
#include <vector>

#include "hashing/bins.h"
#include "hashing/densify.h"
#include "hashing/families.h"
#include "hashing/seeds.h"

namespace glissade::hashing {
namespace {

constexpr std::uint64_t kPermutationStream = 0x6d696e68617368;  // "minhash"
constexpr std::uint64_t kProbeStream = 0x6d696e70726f6265;      // "minprobe"

/// Densified one-permutation MinHash (Shrivastava & Li 2014, Shrivastava 2017) of the set of a vector's largest positive entries.
/// A digit is the place of the set's first member in a bin of randomly ordered dimensions, so two vectors of Jaccard similarity J
/// share the digit of a bin that either of them fills with probability J; a bin that only one fills is borrowed for by the other,
/// which then collides by accident, about once in bin_size times. Zeros are never members: a ReLU's silence is no likeness.
class MinHash final : public Family {
 public:
  MinHash(const FamilyParams& params, const simd::Kernels& kernels)
      : Family(params, kernels), bins_(params, kPermutationStream), probe_seed_(derive(params.seed, kProbeStream)) {
    const std::uint32_t wanted = params.set_size == 0 ? std::max<std::uint32_t>(8, params.dimension / 8) : params.set_size;
    params_.set_size = std::min(wanted, params.dimension);
  }

  // The first member of a bin is the first largest entry of the set's indicator vector, which is what winner-take-all looks for.
  void codes(const float* block, std::uint32_t* codes) const override {
    static thread_local std::vector<float> members;
    static thread_local std::vector<std::uint64_t> keys;
    members.assign(std::size_t{params_.dimension} * kLanes, 0.f);
    for (std::size_t lane = 0; lane < kLanes; ++lane) mark_members(block + lane, keys, members.data() + lane);
    std::uint8_t* digits = bins_.digits(members.data(), *kernels_);
    densify(digits, bins_.count(), probe_seed_);
    bins_.pack(digits, codes);
  }

 private:
  /// A key orders entries by value, equal ones by dimension, lower first: the bits of positive floats ascend with their value.
  void mark_members(const float* lane, std::vector<std::uint64_t>& keys, float* members) const {
    keys.clear();
    keys.reserve(params_.dimension);
    for (std::uint32_t d = 0; d < params_.dimension; ++d) {
      const float value = lane[d * kLanes];
      if (value > 0.f) keys.push_back(std::uint64_t{std::bit_cast<std::uint32_t>(value)} << 32 | ~d);
    }
    const std::size_t size = std::min<std::size_t>(params_.set_size, keys.size());
    if (size < keys.size()) {
      std::nth_element(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(size), keys.end(), std::greater<>{});
    }
    for (std::size_t i = 0; i < size; ++i) members[std::size_t{~static_cast<std::uint32_t>(keys[i])} * kLanes] = 1.f;
  }

  Bins bins_;
  std::uint64_t probe_seed_;
};

}  // namespace

std::unique_ptr<Family> make_minhash(const FamilyParams& params, const simd::Kernels& kernels) {
  return std::make_unique<MinHash>(params, kernels);
}

}  // namespace glissade::hashing
