// What every kernel check needs: buffers that catch stray writes and reads, the awkward lengths, seeded numbers.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "simd/kernels.h"

namespace glissade::simd::test {

inline constexpr std::size_t kLengths[] = {0,  1,  2,  3,  4,  7,  8,  9,   15,  16,  17,  23,  31,  32,  33,
                                           47, 48, 63, 64, 65, 95, 96, 127, 128, 129, 200, 255, 256, 257, 500};

/// Where the elements of a Guarded lie: at the end of a page that nobody may touch beyond (a read past the end faults), or
/// so many elements off a cache line, with canaries on both sides.
struct Placement {
  bool flush;
  std::size_t offset;
};
inline constexpr Placement kPlacements[] = {{true, 0}, {false, 0}, {false, 1}, {false, 5}};

/// `n` elements in pages of their own.
template <class T>
class Guarded {
 public:
  Guarded(std::size_t n, Placement placement) : n_(n) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t needed = kFront + (placement.offset + n) * sizeof(T) + (placement.flush ? 0 : kBack);
    usable_ = (needed + page - 1) / page * page;
    mapped_ = usable_ + page;
    void* memory = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    base_ = static_cast<unsigned char*>(memory);
    REQUIRE(mprotect(base_ + usable_, page, PROT_NONE) == 0);
    std::memset(base_, kCanary, usable_);
    const std::size_t start = placement.flush ? usable_ - n * sizeof(T) : kFront + placement.offset * sizeof(T);
    data_ = reinterpret_cast<T*>(base_ + start);
  }
  Guarded(const std::vector<T>& values, Placement placement) : Guarded(values.size(), placement) {
    std::copy(values.begin(), values.end(), data_);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { munmap(base_, mapped_); }

  T* data() { return data_; }
  T& operator[](std::size_t i) { return data_[i]; }
  std::vector<T> values() const { return std::vector<T>(data_, data_ + n_); }

  /// Whether everything around the elements still holds what it held.
  bool intact() const {
    const auto* first = reinterpret_cast<const unsigned char*>(data_);
    const auto* last = reinterpret_cast<const unsigned char*>(data_ + n_);
    const auto untouched = [](unsigned char byte) { return byte == kCanary; };
    return std::all_of(static_cast<const unsigned char*>(base_), first, untouched) &&
           std::all_of(last, static_cast<const unsigned char*>(base_ + usable_), untouched);
  }

 private:
  static constexpr unsigned char kCanary = 0xa5;
  static constexpr std::size_t kFront = 256, kBack = 256;
  std::size_t n_ = 0, usable_ = 0, mapped_ = 0;
  unsigned char* base_ = nullptr;
  T* data_ = nullptr;
};

/// Seeded numbers; the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(engine_() >> 32) % end; }
  std::uint32_t word() { return static_cast<std::uint32_t>(engine_()); }
  float uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(static_cast<double>(engine_() >> 11) * 0x1p-53);
  }
  std::vector<float> floats(std::size_t n, float low = -1.0f, float high = 1.0f) {
    std::vector<float> values(n);
    for (float& value : values) value = uniform(low, high);
    return values;
  }
  std::vector<std::uint32_t> ids(std::size_t n, std::uint32_t end) {
    std::vector<std::uint32_t> values(n);
    for (std::uint32_t& value : values) value = below(end);
    return values;
  }

 private:
  std::mt19937_64 engine_;
};

inline float bf16_value(std::uint16_t half) { return std::bit_cast<float>(std::uint32_t{half} << 16); }

/// The number that a kernel sees in an element of either type.
inline float value_of(float v) { return v; }
inline float value_of(std::uint16_t v) { return bf16_value(v); }

/// Random numbers as a kernel of floats takes them: as they are.
inline std::vector<float> as_floats(const std::vector<float>& values) { return values; }

inline std::vector<std::uint16_t> bf16_of(const std::vector<float>& values) {
  std::vector<std::uint16_t> halves(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    halves[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(values[i]) >> 16);
  return halves;
}

/// The same bits: unlike ==, tells -0 from 0 and finds NaN equal to itself.
template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Whether `got` is within `tolerance` of `exact`; infinities and NaN must match.
inline bool within(float got, double exact, double tolerance) {
  if (std::isnan(exact)) return std::isnan(got);
  if (std::isinf(exact) || std::isinf(got)) return static_cast<double>(got) == exact;
  return std::abs(static_cast<double>(got) - exact) <= tolerance;
}

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace glissade::simd::test
