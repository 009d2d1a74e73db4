#include "simd/declare.h"
#include "simd/kernels.h"

// Set by the build for each level whose flags the compiler knows.
#ifndef GLISSADE_HAVE_AVX2
#define GLISSADE_HAVE_AVX2 0
#endif
#ifndef GLISSADE_HAVE_AVX512
#define GLISSADE_HAVE_AVX512 0
#endif
#ifndef GLISSADE_HAVE_AVX512BF16
#define GLISSADE_HAVE_AVX512BF16 0
#endif
#ifndef GLISSADE_HAVE_AVX512FP16
#define GLISSADE_HAVE_AVX512FP16 0
#endif
#ifndef GLISSADE_HAVE_AMX
#define GLISSADE_HAVE_AMX 0
#endif

namespace glissade::simd {
namespace {

constexpr unsigned kCompiled = kScalar | (GLISSADE_HAVE_AVX2 ? kAvx2 : 0u) | (GLISSADE_HAVE_AVX512 ? kAvx512 : 0u) |
                               (GLISSADE_HAVE_AVX512BF16 ? kAvx512bf16 : 0u) | (GLISSADE_HAVE_AVX512FP16 ? kAvx512fp16 : 0u) |
                               (GLISSADE_HAVE_AMX ? kAmx : 0u);

// Starts from scalar and lays the own kernels of each level up to `highest` over it. A discarded branch does not name
// its function, so a level without that kernel need not define it.
constexpr Kernels table_up_to(unsigned highest) {
  Kernels table{};
#define GLISSADE_LAY(name, level, bit, levels)         \
  if constexpr ((kCompiled & (levels) & (bit)) != 0) { \
    if ((bit) <= highest) table.name = level::name;    \
  }
#define GLISSADE_FILL(name, result, parameters, levels)                    \
  static_assert(((levels)&kScalar) != 0, #name " needs a scalar version"); \
  GLISSADE_LAY(name, scalar, kScalar, levels)                              \
  GLISSADE_LAY(name, avx2, kAvx2, levels)                                  \
  GLISSADE_LAY(name, avx512, kAvx512, levels)                              \
  GLISSADE_LAY(name, avx512bf16, kAvx512bf16, levels)                      \
  GLISSADE_LAY(name, avx512fp16, kAvx512fp16, levels)                      \
  GLISSADE_LAY(name, amx, kAmx, levels)
  GLISSADE_SIMD_KERNELS(GLISSADE_FILL)
#undef GLISSADE_FILL
#undef GLISSADE_LAY
  return table;
}

// Constant-initialised: nothing runs before main.
constexpr Kernels kTables[kLevelCount] = {table_up_to(kScalar),     table_up_to(kAvx2),       table_up_to(kAvx512),
                                          table_up_to(kAvx512bf16), table_up_to(kAvx512fp16), table_up_to(kAmx)};

constexpr unsigned kOwnLevels[] = {
#define GLISSADE_OWN(name, result, parameters, levels) (levels) & kCompiled,
    GLISSADE_SIMD_KERNELS(GLISSADE_OWN)
#undef GLISSADE_OWN
};

}  // namespace

bool is_compiled(Level level) noexcept { return (kCompiled >> static_cast<int>(level) & 1u) != 0; }

const Kernels& kernels_of(Level level) noexcept { return kTables[static_cast<int>(level)]; }

const Kernels& kernels() noexcept {
  static const Kernels& chosen = kernels_of(active_level());
  return chosen;
}

unsigned own_levels(std::size_t kernel_index) noexcept { return kOwnLevels[kernel_index]; }

}  // namespace glissade::simd
