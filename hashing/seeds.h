#pragma once

#include <cstdint>

namespace glissade::hashing {

/// SplitMix64 (Steele, Lea, Flood 2014): a bijective mixer, the project's only source of randomness. Everything random is
/// a function of (seed, stream, counter), never of a shared state, so that results do not depend on the thread count.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

constexpr std::uint64_t derive(std::uint64_t seed, std::uint64_t stream, std::uint64_t counter = 0) noexcept {
  return mix(mix(seed ^ mix(stream)) ^ counter);
}

/// A small generator for sequences drawn from one derived seed.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}
  constexpr std::uint64_t next() noexcept { return mix(state_++); }
  /// Uniform in [0, bound), bound > 0 (Lemire 2019, without the rejection: bias below bound / 2^64).
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }
  /// Uniform in [0, 1).
  constexpr double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace glissade::hashing
