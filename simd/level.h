#pragma once

#include <string_view>

namespace glissade::simd {

/// Instruction-set levels, lowest first. Each level may use everything of the levels below it.
enum class Level : int { scalar = 0, avx2, avx512, avx512bf16, avx512fp16, amx };

inline constexpr int kLevelCount = 6;

/// "scalar", "avx2", "avx512", "avx512bf16", "avx512fp16", "amx".
std::string_view level_name(Level level) noexcept;

/// Parses a level name; false (and `out` untouched) for any other text.
bool parse_level(std::string_view name, Level& out) noexcept;

/// Whether this build holds kernels of that level (the compiler knew its flags).
bool is_compiled(Level level) noexcept;

/// Whether this CPU and operating system run that level: CPUID of every feature passed to the compiler, XCR0, and for amx the
/// kernel's permission to use the tile registers, which the first call asks for.
bool is_usable(Level level) noexcept;

/// What the environment variable GLISSADE_SIMD asks for.
struct Ceiling {
  enum class Status { unset, known, unknown } status;
  Level level;            ///< meaningful if known
  std::string_view text;  ///< the variable's value (owned by the environment)
};
Ceiling environment_ceiling() noexcept;

/// The rule behind active_level(): the highest level whose bit (1 << level) is in `levels` and that is not above the ceiling;
/// scalar if there is no such level. An unset or unknown ceiling does not count.
Level choose_level(const Ceiling& ceiling, unsigned levels) noexcept;

/// Of `levels`, those worth using unasked. Intel's cores run the BF16 products of AVX-512 at half the rate of float FMAs
/// (measured on Emerald Rapids: block products 171 GFLOP/s against 328 in floats on two cores; AMD's Zen 4: 426 against 228), so
/// that there avx512bf16 pays only as a part of amx. f16 products run at twice the rate of float FMAs, on all CPUs that have
/// them.
unsigned paying_levels(unsigned levels, bool intel) noexcept;

/// The level in use: the highest that is compiled, usable and not above the ceiling; without a ceiling, of those that pay.
/// An unknown name in GLISSADE_SIMD counts as unset here; the engine refuses it with an error first.
Level active_level() noexcept;

}  // namespace glissade::simd
