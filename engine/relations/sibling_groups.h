#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/relations/complementary.h"
#include "engine/relations/similar_rows.h"

namespace glissade {

/// Joins the pairs of complementary grades that share no label to groups, the likest first. One number per row: the lowest row of
/// its group. Two groups that have a label in common are not joined: the parts of one thing share none, so rows that are merely
/// alike make no chains. O(pairs * log pairs + labels of the groups * log rows).
std::vector<std::uint64_t> join_siblings(const DatasetView& data, std::vector<SimilarRows> similar,
                                         const std::array<bool, kGrades>& complementary);

}  // namespace glissade
