#include "engine/topology/policy.h"

#include <cmath>

#include "hashing/seeds.h"

namespace glissade {

TopologyPolicy TopologyPolicy::of(Topology kind) noexcept {
  switch (kind) {
    case Topology::fixed: break;
    case Topology::set: return {When::repeatedly, Keep::magnitude, Grow::chance, false};
    case Topology::rigl: return {When::repeatedly, Keep::magnitude, Grow::gradient, true};
    case Topology::snfs: return {When::repeatedly, Keep::magnitude, Grow::momentum, false};
    case Topology::snip: return {When::once, Keep::sensitivity, Grow::nothing, true};
  }
  return {When::never, Keep::magnitude, Grow::nothing, false};
}

TopologyPolicy TopologyPolicy::of(RowTopology kind) noexcept {
  switch (kind) {
    case RowTopology::fixed: break;
    case RowTopology::set: return of(Topology::set);
    case RowTopology::rigl: return of(Topology::rigl);
    case RowTopology::snfs: return of(Topology::snfs);
  }
  return of(Topology::fixed);
}

float TopologyPolicy::keep_score(float weight, float gradient) const noexcept {
  return std::abs(keep == Keep::sensitivity ? weight * gradient : weight);
}

float TopologyPolicy::grow_score(float gradient, float momentum, float chance) const noexcept {
  switch (grow) {
    case Grow::nothing: break;
    case Grow::chance: return chance;
    case Grow::gradient: return std::abs(gradient);
    case Grow::momentum: return std::abs(momentum);
  }
  return 0;
}

float chance_of(std::uint64_t seed, std::uint64_t row, std::uint32_t id) noexcept {
  return static_cast<float>(hashing::Random(hashing::derive(seed, row, id)).unit());
}

}  // namespace glissade
