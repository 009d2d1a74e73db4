// How far each family of kernels may be from the same computation in double, at every level. Integers, hash codes,
// conversions, top-k, axpy and the element-wise part of the updates have no budget: they agree to the bit.
#pragma once

#include <cfloat>
#include <cmath>
#include <cstddef>

namespace glissade::simd::test {

/// Half a unit in the last place of 1: the relative error of one float operation.
inline constexpr double kRounding = 0x1p-24;

/// Below this, results may be 0 (exp) and operands may count as 0 (the bf16 dot instruction).
inline constexpr double kFlush = FLT_MIN;

/// A dot of `width` elements whose products have the absolute sum `magnitude`. At least 8 partial sums at every level, so no
/// element goes through more than width / 8 additions, then 8 more operations at most.
inline double dot_budget(std::size_t width, double magnitude) {
  return (static_cast<double>(width) / 8 + 8) * kRounding * magnitude + static_cast<double>(width) * kFlush;
}

/// An element of a block product: one sum of k products, in order, whose terms have the absolute sum `magnitude`.
inline double block_budget(std::size_t k, double magnitude) {
  return (static_cast<double>(k) + 1) * kRounding * magnitude + static_cast<double>(k) * kFlush;
}

/// The same in half precision: its sums of up to `run` products (kHalfDepth at most) are rounded to 11 bits after each, and
/// numbers below 2^-14 to multiples of 2^-24.
inline double half_block_budget(std::size_t k, std::size_t run, double magnitude) {
  return (static_cast<double>(run) + 1) * 0x1p-11 * magnitude + static_cast<double>(k) * 0x1p-24;
}

/// A column of a bag of `count` rows, summed in order.
inline double bag_budget(std::size_t count, double magnitude) { return (static_cast<double>(count) + 1) * kRounding * magnitude; }

/// exp: 2 units in the last place.
inline double exp_budget(double exact) { return 4 * kRounding * std::abs(exact) + kFlush; }

/// log-sum-exp: the maximum is added to the logarithm of a sum of at least 1 that is good to 2e-6.
inline double logsumexp_budget(double exact) { return 2e-6 + 2 * kRounding * std::abs(exact); }

/// sigmoid: 4 units in the last place.
inline double sigmoid_budget(double exact) { return 8 * kRounding * std::abs(exact) + kFlush; }

/// The sum of log(1 + exp(z)): all terms are positive, so its relative error is that of a term and of the partial sums.
inline double softplus_budget(double exact) { return 4e-6 * std::abs(exact) + kFlush; }

/// The squared length of a change of n weights, each square good to a few roundings.
inline double change_budget(std::size_t n, double exact) {
  return (static_cast<double>(n) + 4) * kRounding * std::abs(exact) + kFlush;
}

}  // namespace glissade::simd::test
