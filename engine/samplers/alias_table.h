#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hashing/seeds.h"

namespace glissade {

/// Draws from a fixed distribution over 0 .. size - 1 in constant time (Walker 1977; Vose 1991). 12 bytes per entry.
/// Immutable after construction; safe to use from many threads.
class AliasTable {
 public:
  /// Probabilities in proportion to (counts[i] + 1)^power: the 1 keeps every row possible.
  AliasTable(std::span<const std::uint32_t> counts, double power);

  std::uint32_t draw(hashing::Random& random) const noexcept {
    const auto slot = static_cast<std::uint32_t>(random.below(slots_.size()));
    return static_cast<float>(random.unit()) < slots_[slot].keep ? slot : slots_[slot].alias;
  }
  double probability(std::uint32_t id) const noexcept { return probabilities_[id]; }
  std::size_t size() const noexcept { return slots_.size(); }

 private:
  struct Slot {
    float keep;  ///< probability that the slot's own number is drawn, not its alias
    std::uint32_t alias;
  };
  std::vector<Slot> slots_;
  std::vector<float> probabilities_;
};

}  // namespace glissade
