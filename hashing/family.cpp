#include "hashing/family.h"

#include <bit>
#include <cassert>

#include "hashing/families.h"
#include "simd/kernels.h"

namespace glissade::hashing {

static_assert(kLanes == simd::kHashLanes);

std::uint32_t table_bits(const FamilyParams& params) noexcept {
  if (params.kind == FamilyKind::simhash) return params.k;
  // countr_zero of a power of two is its exact log2: a digit takes no more and no fewer bits than it needs.
  return params.k * static_cast<std::uint32_t>(std::countr_zero(params.bin_size));
}

std::unique_ptr<Family> Family::make(const FamilyParams& params) { return make(params, simd::kernels()); }

std::unique_ptr<Family> Family::make(const FamilyParams& params, const simd::Kernels& kernels) {
  assert(params.dimension > 0 && params.k > 0 && params.tables > 0);
  assert(table_bits(params) <= kMaxTableBits);
  switch (params.kind) {
    case FamilyKind::simhash: return make_simhash(params, kernels);
    case FamilyKind::wta: return make_wta(params, kernels);
    case FamilyKind::dwta: return make_dwta(params, kernels);
    case FamilyKind::minhash: return make_minhash(params, kernels);
  }
  return nullptr;
}

}  // namespace glissade::hashing
