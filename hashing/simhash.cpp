#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>
#include <vector>

#include "hashing/families.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade::hashing {
namespace {

constexpr std::uint64_t kStream = 0x73696d68617368;  // "simhash"
constexpr std::uint32_t kNegative = 0x80000000u;     // top bit of a term: its value is subtracted

/// Random sparse projections. For vectors whose mass is spread over the dimensions a sparse sum of signed entries is close to a
/// Gaussian projection (Achlioptas 2003; Li, Hastie, Church 2006), whose sign agrees for two vectors with probability
/// 1 - angle / pi (Goemans & Williamson 1995; Charikar 2002).
class SimHash final : public Family {
 public:
  SimHash(const FamilyParams& params, const simd::Kernels& kernels) : Family(params, kernels) {
    const std::uint32_t wanted = params.nonzeros == 0 ? std::max<std::uint32_t>(8, params.dimension / 3) : params.nonzeros;
    params_.nonzeros = std::min(wanted, params.dimension);
    assert(params.dimension < kNegative);
    const std::size_t projections = std::size_t{params.k} * params.tables;
    terms_.resize(projections * params_.nonzeros);
    std::vector<std::uint32_t> positions(params.dimension);
    std::iota(positions.begin(), positions.end(), 0u);
    for (std::size_t p = 0; p < projections; ++p) draw_projection(p, positions);
  }

  void codes(const float* block, std::uint32_t* codes) const override {
    kernels_->simhash_codes(block, terms_.data(), params_.nonzeros, params_.tables, params_.k, codes);
  }

 private:
  /// `positions` is any permutation of the dimensions; the first `nonzeros` steps of a Fisher-Yates shuffle make its head
  /// a uniform sample without repetition. It is put back in order afterwards, so that projection p depends on (seed, p) only.
  void draw_projection(std::size_t p, std::vector<std::uint32_t>& positions) {
    Random random(derive(params_.seed, kStream, p));
    std::uint32_t* terms = terms_.data() + p * params_.nonzeros;
    for (std::uint32_t j = 0; j < params_.nonzeros; ++j) {
      std::swap(positions[j], positions[j + random.below(params_.dimension - j)]);
      terms[j] = positions[j];
    }
    std::iota(positions.begin(), positions.end(), 0u);
    std::sort(terms, terms + params_.nonzeros);
    for (std::uint32_t j = 0; j < params_.nonzeros; ++j) terms[j] |= (random.next() >> 63) ? kNegative : 0u;
  }

  std::vector<std::uint32_t> terms_;  // [projection][nonzeros]
};

}  // namespace

std::unique_ptr<Family> make_simhash(const FamilyParams& params, const simd::Kernels& kernels) {
  return std::make_unique<SimHash>(params, kernels);
}

}  // namespace glissade::hashing
