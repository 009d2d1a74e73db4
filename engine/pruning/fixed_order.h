#pragma once

#include <array>
#include <cstdint>

#include <glissade/prune.h>

namespace glissade::pruning {

/// The mix of a level, the larger the smaller the model: step = level * usual step of the part * sqrt(the part's share of the
/// bytes). What a part's step costs grows with its square, what it saves with the number of the part's weights; where both are
/// balanced, the square of the step is in proportion to the weights. `weights`: of each part.
PruneMix fixed_mix(const std::array<std::uint64_t, PruneMix::kParts>& weights, double level) noexcept;

}  // namespace glissade::pruning
