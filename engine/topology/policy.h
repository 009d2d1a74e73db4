#pragma once

#include <cstdint>

#include <glissade/config.h>

namespace glissade {

/// What the changes of a row's connections go by. A policy is a line of these rules (policy.cpp):
///
///   static  the connections of the start stay
///   set     weights near 0 give way to connections drawn by chance (Mocanu et al., Sparse Evolutionary Training, 2018)
///   rigl    weights near 0 give way to the connections of the largest gradient, which start at 0; the row's update of that step
///           is left out (Evci et al., Rigging the Lottery, 2020)
///   snfs    likewise, of the largest momentum of gradients (Dettmers & Zettlemoyer, Sparse Networks from Scratch, 2019). Here
///           each row keeps its number of connections; the paper also moves them between layers
///   snip    before a row is trained, those of the largest |weight x gradient| are kept, once (Lee et al., SNIP, 2019). Here row
///   by
///           row, by the first gradient of each
struct TopologyPolicy {
  enum class When { never, once, repeatedly };
  enum class Keep { magnitude, sensitivity };
  enum class Grow { nothing, chance, gradient, momentum };
  When when;
  Keep keep;
  Grow grow;
  bool skips_update;  ///< the optimiser leaves a row out in the step in which its connections change

  static TopologyPolicy of(Topology kind) noexcept;
  static TopologyPolicy of(RowTopology kind) noexcept;

  /// What speaks for a connection that there is, at least 0.
  float keep_score(float weight, float gradient) const noexcept;
  /// What speaks for a connection that there is not, at least 0. `chance`: see chance_of().
  float grow_score(float gradient, float momentum, float chance) const noexcept;
};

/// The mean of gradients that snfs grows by keeps this part of itself each time that it takes up another one.
inline constexpr float kGradientMemory = 0.9f;

/// In [0, 1), a function of its arguments.
float chance_of(std::uint64_t seed, std::uint64_t row, std::uint32_t id) noexcept;

}  // namespace glissade
