#include <array>

#include "tests/simd/checks.h"
#include "tests/simd/harness.h"

namespace glissade::simd::test {
namespace {

using Pointer = void (*)();

struct Entry {
  const char* name;
  unsigned levels;
  void (*check)(const Kernels&);
  Pointer (*pointer)(const Kernels&);
};

constexpr Entry kEntries[] = {
#define GLISSADE_ENTRY(name, result, parameters, levels) \
  {#name, levels, check_##name, [](const Kernels& table) { return reinterpret_cast<Pointer>(table.name); }},
    GLISSADE_SIMD_KERNELS(GLISSADE_ENTRY)
#undef GLISSADE_ENTRY
};

bool has(unsigned levels, int level) { return (levels >> level & 1u) != 0; }

std::string name_of(int level) { return std::string(level_name(static_cast<Level>(level))); }

}  // namespace

TEST_CASE("levels left out here are named", "[simd]") {
  for (int i = 0; i < kLevelCount; ++i) {
    const auto level = static_cast<Level>(i);
    if (!is_compiled(level)) {
      WARN("skipped: " << name_of(i) << ", this build has no kernels of it");
    } else if (!is_usable(level)) {
      WARN("skipped: " << name_of(i) << ", this CPU does not run it");
    }
  }
}

TEST_CASE("every kernel at every level agrees with its definition", "[simd]") {
  for (int i = 0; i < kLevelCount; ++i) {
    const auto level = static_cast<Level>(i);
    if (!is_compiled(level) || !is_usable(level)) continue;
    for (const Entry& entry : kEntries) {
      DYNAMIC_SECTION(name_of(i) << ' ' << entry.name) { entry.check(kernels_of(level)); }
    }
  }
}

TEST_CASE("a level dispatches to its own kernels, and to the next lower level's otherwise", "[unit]") {
  for (std::size_t k = 0; k < std::size(kEntries); ++k) {
    const Entry& entry = kEntries[k];
    INFO(entry.name);
    CHECK(entry.pointer(kernels_of(Level::scalar)) != nullptr);
    for (int i = 0; i < kLevelCount; ++i) {
      INFO(name_of(i));
      const bool own = has(entry.levels, i) && is_compiled(static_cast<Level>(i));
      CHECK(has(own_levels(k), i) == own);
      if (i == 0) continue;
      const Pointer here = entry.pointer(kernels_of(static_cast<Level>(i)));
      const Pointer below = entry.pointer(kernels_of(static_cast<Level>(i - 1)));
      CHECK((here != below) == own);
    }
  }
}

TEST_CASE("the table in use is that of the active level", "[unit]") {
  CHECK(&kernels() == &kernels_of(active_level()));
  CHECK(is_compiled(active_level()));
  CHECK(is_usable(active_level()));
}

}  // namespace glissade::simd::test
