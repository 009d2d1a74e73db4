#pragma once

#include <memory>

#include "hashing/family.h"

// The constructors behind Family::make, one per family.
namespace glissade::hashing {

std::unique_ptr<Family> make_simhash(const FamilyParams& params, const simd::Kernels& kernels);
std::unique_ptr<Family> make_wta(const FamilyParams& params, const simd::Kernels& kernels);
std::unique_ptr<Family> make_dwta(const FamilyParams& params, const simd::Kernels& kernels);
std::unique_ptr<Family> make_minhash(const FamilyParams& params, const simd::Kernels& kernels);

}  // namespace glissade::hashing
