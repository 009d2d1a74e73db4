// One check per kernel, demanded by the kernel list: a kernel without one does not link. Each gets the table of the level
// under test and holds it against scalar (bits) or double (budgets.h).
#pragma once

#include "simd/kernels.h"

namespace glissade::simd::test {

#define GLISSADE_CHECK(name, result, parameters, levels) void check_##name(const Kernels& level);
GLISSADE_SIMD_KERNELS(GLISSADE_CHECK)
#undef GLISSADE_CHECK

inline const Kernels& scalar_kernels() { return kernels_of(Level::scalar); }

}  // namespace glissade::simd::test
