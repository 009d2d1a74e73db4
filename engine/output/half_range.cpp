#include "engine/output/half_range.h"

#include <algorithm>
#include <cmath>

#include "simd/kernel_list.h"

namespace glissade {
namespace {

/// Elements 64 times smaller than the largest of 2^-10 still have the 8 bits of bf16, and all-zero rows are exact.
bool too_small(float largest) noexcept { return largest != 0.f && largest < 0x1p-10f; }

}  // namespace

float half_gradient_scale(const Magnitudes& largest) noexcept {
  constexpr float kMost = 65504.f / static_cast<float>(simd::kHalfDepth);  // of a product
  // Scaled gradients up to 1,024: what is 1.7e10 times smaller than the largest is still not 0. Below 1/4 too many would be.
  constexpr float kTop = 1024.f, kLeast = 0.25f;
  // Written so that NaN fails.
  if (!(largest.hidden * largest.weight <= kMost) || !(largest.gradient > 0.f)) return 0.f;
  if (too_small(largest.hidden) || too_small(largest.weight)) return 0.f;
  // A hidden vector's last element is the 1 of the bias.
  const float top = std::min(kTop, kMost / std::max({1.f, largest.hidden, largest.weight}));
  if (!(top >= kLeast)) return 0.f;
  const float scale = top / largest.gradient;
  return std::isfinite(scale) ? std::ldexp(1.f, std::ilogb(scale)) : 0.f;
}

}  // namespace glissade
