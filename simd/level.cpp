#include "simd/level.h"

#include <cstdint>
#include <cstdlib>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace glissade::simd {
namespace {

constexpr std::string_view kNames[kLevelCount] = {"scalar", "avx2", "avx512", "avx512bf16", "avx512fp16", "amx"};

#if defined(__x86_64__)

/// The CPUID words that the levels ask about, and the register sets that the operating system saves.
struct Features {
  std::uint32_t leaf1_ecx = 0, leaf7_ebx = 0, leaf7_edx = 0, leaf7_1_eax = 0, extended1_ecx = 0;
  std::uint64_t xcr0 = 0;
};

constexpr std::uint32_t bit(int n) { return std::uint32_t{1} << n; }

constexpr std::uint32_t kOsXsave = bit(27);

Features read_features() {
  Features f;
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) f.leaf1_ecx = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    f.leaf7_ebx = ebx;
    f.leaf7_edx = edx;
    const std::uint32_t last_subleaf = eax;
    if (last_subleaf >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) f.leaf7_1_eax = eax;
  }
  if (__get_cpuid(0x80000001u, &eax, &ebx, &ecx, &edx)) f.extended1_ecx = ecx;
  if ((f.leaf1_ecx & kOsXsave) != 0) {
    std::uint32_t low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    f.xcr0 = std::uint64_t{high} << 32 | low;
  }
  return f;
}

template <class Word>
bool has_all(Word word, Word wanted) {
  return (word & wanted) == wanted;
}

// The features below mirror the flags in simd/meson.build, with what those flags imply.

bool has_avx2(const Features& f) {
  constexpr std::uint32_t kSse3 = bit(0), kSsse3 = bit(9), kFma = bit(12), kCx16 = bit(13), kSse41 = bit(19), kSse42 = bit(20),
                          kPopcnt = bit(23), kXsave = bit(26), kAvx = bit(28), kF16c = bit(29);
  constexpr std::uint32_t kBmi1 = bit(3), kAvx2 = bit(5), kBmi2 = bit(8);
  constexpr std::uint32_t kLzcnt = bit(5);
  constexpr std::uint64_t kXmmYmm = 0x6;
  return has_all(f.leaf1_ecx, kSse3 | kSsse3 | kFma | kCx16 | kSse41 | kSse42 | kPopcnt | kXsave | kOsXsave | kAvx | kF16c) &&
         has_all(f.leaf7_ebx, kBmi1 | kAvx2 | kBmi2) && has_all(f.extended1_ecx, kLzcnt) && has_all(f.xcr0, kXmmYmm);
}

bool has_avx512(const Features& f) {
  constexpr std::uint32_t kF = bit(16), kDq = bit(17), kBw = bit(30), kVl = bit(31);
  constexpr std::uint64_t kMasksAndZmm = 0xe6;
  return has_avx2(f) && has_all(f.leaf7_ebx, kF | kDq | kBw | kVl) && has_all(f.xcr0, kMasksAndZmm);
}

bool has_avx512bf16(const Features& f) { return has_avx512(f) && has_all(f.leaf7_1_eax, bit(5)); }

bool has_avx512fp16(const Features& f) { return has_avx512bf16(f) && has_all(f.leaf7_edx, bit(23)); }

// Linux hands out the tile registers on request only, to the whole process at once; it refuses where a thread's alternative
// signal stack could not hold them.
bool kernel_grants_tiles() {
#if defined(__linux__) && defined(SYS_arch_prctl)
  constexpr int kRequestPermission = 0x1023;
  constexpr unsigned long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

bool has_amx(const Features& f) {
  constexpr std::uint32_t kBf16 = bit(22), kTile = bit(24);
  constexpr std::uint64_t kTileConfigAndData = 0x60000;
  return has_avx512fp16(f) && has_all(f.leaf7_edx, kBf16 | kTile) && has_all(f.xcr0, kTileConfigAndData) && kernel_grants_tiles();
}

bool is_intel() {
  constexpr std::uint32_t kGenu = 0x756e6547, kIneI = 0x49656e69, kNtel = 0x6c65746e;
  std::uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(0, &eax, &ebx, &ecx, &edx) != 0 && ebx == kGenu && edx == kIneI && ecx == kNtel;
}

unsigned detect() {
  const Features f = read_features();
  return 1u | unsigned{has_avx2(f)} << 1 | unsigned{has_avx512(f)} << 2 | unsigned{has_avx512bf16(f)} << 3 |
         unsigned{has_avx512fp16(f)} << 4 | unsigned{has_amx(f)} << 5;
}

#else

bool is_intel() { return false; }

unsigned detect() { return 1u; }

#endif

}  // namespace

std::string_view level_name(Level level) noexcept { return kNames[static_cast<int>(level)]; }

bool parse_level(std::string_view name, Level& out) noexcept {
  for (int i = 0; i < kLevelCount; ++i) {
    if (name == kNames[i]) {
      out = static_cast<Level>(i);
      return true;
    }
  }
  return false;
}

bool is_usable(Level level) noexcept {
  static const unsigned usable = detect();
  return (usable >> static_cast<int>(level) & 1u) != 0;
}

Ceiling environment_ceiling() noexcept {
  const char* text = std::getenv("GLISSADE_SIMD");
  Ceiling ceiling{Ceiling::Status::unset, Level::scalar, {}};
  if (text == nullptr || *text == '\0') return ceiling;
  ceiling.text = text;
  ceiling.status = parse_level(ceiling.text, ceiling.level) ? Ceiling::Status::known : Ceiling::Status::unknown;
  return ceiling;
}

Level choose_level(const Ceiling& ceiling, unsigned levels) noexcept {
  int i = ceiling.status == Ceiling::Status::known ? static_cast<int>(ceiling.level) : kLevelCount - 1;
  while (i > 0 && (levels >> i & 1u) == 0) --i;
  return static_cast<Level>(i);
}

unsigned paying_levels(unsigned levels, bool intel) noexcept {
  constexpr unsigned kBf16 = 1u << static_cast<int>(Level::avx512bf16), kAmx = 1u << static_cast<int>(Level::amx);
  return intel && (levels & kAmx) == 0 ? levels & ~kBf16 : levels;
}

Level active_level() noexcept {
  static const Level active = [] {
    unsigned levels = 0;
    for (int i = 0; i < kLevelCount; ++i) {
      const auto level = static_cast<Level>(i);
      levels |= unsigned{is_compiled(level) && is_usable(level)} << i;
    }
    const Ceiling ceiling = environment_ceiling();
    const bool asked = ceiling.status == Ceiling::Status::known;
    return choose_level(ceiling, asked ? levels : paying_levels(levels, is_intel()));
  }();
  return active;
}

}  // namespace glissade::simd
