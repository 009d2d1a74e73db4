#pragma once

#include <cstdint>
#include <span>

namespace glissade::hashing {

/// MinHash of sets of ids (Broder 1997): two sets of Jaccard similarity J have equal codes in a table with probability J^k,
/// others by accident, once in 2^32. For sparse sets over many ids, where the family `minhash` would spread each set over all of
/// them. Immutable; safe to use from many threads.
class SetMinHash {
 public:
  SetMinHash(std::uint32_t k, std::uint64_t seed) noexcept : k_(k), seed_(seed) {}

  /// The code of a set in a table, in any order of its ids. O(k * ids), no allocation. All empty sets have one code.
  std::uint32_t code(std::span<const std::uint32_t> ids, std::uint32_t table) const noexcept;

 private:
  std::uint32_t k_;
  std::uint64_t seed_;
};

}  // namespace glissade::hashing
