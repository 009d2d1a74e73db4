#include "hashing/bins.h"
#include "hashing/densify.h"
#include "hashing/families.h"
#include "hashing/seeds.h"

namespace glissade::hashing {
namespace {

constexpr std::uint64_t kPermutationStream = 0x64777461;  // "dwta"
constexpr std::uint64_t kProbeStream = 0x70726f6265;      // "probe"

/// Winner-take-all (Yagnik et al. 2011): a digit is the place of the largest of bin_size randomly chosen entries, so it depends
/// on their order only. A bin without a non-zero value says nothing: its digit is 0. `wta` and `dwta` differ in such bins alone.
class Wta final : public Family {
 public:
  Wta(const FamilyParams& params, const simd::Kernels& kernels) : Family(params, kernels), bins_(params, kPermutationStream) {}

  void codes(const float* block, std::uint32_t* codes) const override {
    std::uint8_t* digits = bins_.digits(block, *kernels_);
    for (std::size_t i = 0; i < bins_.count() * kLanes; ++i) digits[i] = digits[i] < kEmptyMark ? digits[i] : std::uint8_t{0};
    bins_.pack(digits, codes);
  }

 private:
  Bins bins_;
};

/// The same, densified: an empty bin takes the digit of another one (Chen & Shrivastava 2018).
class Dwta final : public Family {
 public:
  Dwta(const FamilyParams& params, const simd::Kernels& kernels)
      : Family(params, kernels), bins_(params, kPermutationStream), probe_seed_(derive(params.seed, kProbeStream)) {}

  void codes(const float* block, std::uint32_t* codes) const override {
    std::uint8_t* digits = bins_.digits(block, *kernels_);
    densify(digits, bins_.count(), probe_seed_);
    bins_.pack(digits, codes);
  }

 private:
  Bins bins_;
  std::uint64_t probe_seed_;
};

}  // namespace

std::unique_ptr<Family> make_wta(const FamilyParams& params, const simd::Kernels& kernels) {
  return std::make_unique<Wta>(params, kernels);
}

std::unique_ptr<Family> make_dwta(const FamilyParams& params, const simd::Kernels& kernels) {
  return std::make_unique<Dwta>(params, kernels);
}

}  // namespace glissade::hashing
