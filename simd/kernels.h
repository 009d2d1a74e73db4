#pragma once

#include "simd/kernel_list.h"
#include "simd/level.h"

namespace glissade::simd {

/// One pointer per kernel of kernel_list.h. Fetch the table once per batch, never inside an inner loop.
struct Kernels {
// NOLINTBEGIN(bugprone-macro-parentheses): a declarator, not an expression
#define GLISSADE_MEMBER(name, result, parameters, levels) result(*name) parameters noexcept;
  // NOLINTEND(bugprone-macro-parentheses)
  GLISSADE_SIMD_KERNELS(GLISSADE_MEMBER)
#undef GLISSADE_MEMBER
};

/// The table of the active level. Chosen once; thread-safe.
const Kernels& kernels() noexcept;

/// The table of one level, with what it lacks filled from below. Only call entries if is_usable(level).
const Kernels& kernels_of(Level level) noexcept;

/// Whether `level` has its own version of the kernel with that index in kernel_list.h (tests: no level is a mere copy).
unsigned own_levels(std::size_t kernel_index) noexcept;

}  // namespace glissade::simd
