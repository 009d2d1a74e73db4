#pragma once

#include <array>
#include <cstddef>
#include <span>

#include <glissade/views.h>

#include "engine/relations/similar_rows.h"

namespace glissade {

/// Grades of likeness: a tenth each, from kLeastLikeness to 1.
inline constexpr std::size_t kGrades = 7;
std::size_t grade_of(float likeness) noexcept;

/// For each grade, whether rows of that likeness share a label less often than rows that have nothing to do with each other would
/// by chance. Natural data are the other way round, the more the likelier two rows are: that is what any model learns from. Rows
/// that are alike and avoid each other's labels are parts of one thing whose labels were dealt out among them. The chance that
/// this is an accident is below one in a million (Chernoff's bound for a Poisson number of pairs that share labels).
std::array<bool, kGrades> complementary_grades(const DatasetView& data, std::span<const SimilarRows> similar);

/// An upper bound of the logarithm of the probability that a Poisson number with this mean is as small as `seen`; 0 where `seen`
/// is not below the mean. Mitzenmacher & Upfal 2005, theorem 5.4.
double log_chance_of_so_few(double seen, double mean) noexcept;

}  // namespace glissade
