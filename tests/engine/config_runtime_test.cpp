#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <glissade/runtime.h>

namespace glissade {
namespace {

/// Sets GLISSADE_SIMD for a test and puts back what was there.
class Environment {
 public:
  explicit Environment(const char* value) {
    if (const char* old = std::getenv(kName)) old_ = old;
    set(value);
  }
  ~Environment() { set(old_ ? old_->c_str() : nullptr); }

 private:
  static constexpr const char* kName = "GLISSADE_SIMD";
  static void set(const char* value) { value != nullptr ? setenv(kName, value, 1) : unsetenv(kName); }
  std::optional<std::string> old_;
};

TEST_CASE("version is major.minor.patch", "[unit]") {
  const std::string text = version();
  CHECK(std::count(text.begin(), text.end(), '.') == 2);
  CHECK(text.find_first_not_of("0123456789.") == std::string::npos);
}

TEST_CASE("five levels, scalar always there, exactly one active and that one usable", "[unit]") {
  const auto levels = simd_levels();
  REQUIRE(levels.size() == 6);
  CHECK(levels.front().name == "scalar");
  CHECK(levels.front().compiled);
  CHECK(levels.front().usable);
  int active = 0;
  for (const SimdLevel& level : levels) {
    if (!level.active) continue;
    ++active;
    CHECK(level.compiled);
    CHECK(level.usable);
  }
  CHECK(active == 1);
}

TEST_CASE("an unknown level in GLISSADE_SIMD is refused, a known one above the machine is only a ceiling", "[unit]") {
  {
    const Environment environment(nullptr);
    CHECK(check_environment().ok());
  }
  for (const char* level : {"scalar", "avx2", "avx512", "avx512bf16", "avx512fp16", "amx"}) {
    const Environment environment(level);
    INFO(level);
    CHECK(check_environment().ok());
  }
  const Environment environment("avx1024");
  const auto checked = check_environment();
  REQUIRE_FALSE(checked.ok());
  CHECK(checked.error().kind == Error::Kind::usage);
  CHECK(checked.error().message ==
        "environment variable GLISSADE_SIMD: 'avx1024' is not an instruction-set level; allowed: scalar | avx2 | "
        "avx512 | avx512bf16 | avx512fp16 | amx, or leave it unset");
}

TEST_CASE("peak memory grows with what was touched and never falls", "[unit]") {
  const double before = peak_memory_mib();
  CHECK(before > 1);
  {
    const std::vector<char> block(static_cast<std::size_t>(before + 64) << 20, 1);
    CHECK(block.back() == 1);
    CHECK(peak_memory_mib() >= before + 60);
  }
  CHECK(peak_memory_mib() >= before + 60);
}

}  // namespace
}  // namespace glissade
