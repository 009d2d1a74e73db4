#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

namespace glissade {

/// Which label is which feature, told by groups of siblings: the label that a row has is the feature that it lacks and its
/// siblings have. A label and a feature are one thing if each goes with the other, in three rows at least, more often than not
/// and more often than with anything else, and no row has them as both. Where less than half of what rows with siblings have as
/// labels is explained that way, nothing is: then features and labels are different things.
///
/// By feature its label or OwnLabels::kNone, each label once; empty: different things. `groups`: one number per row. A row
/// with more than 4,096 pairs of a label and a lacked feature is passed over: it tells little of each and costs much. 8 bytes for
/// each pair of a row.
std::vector<std::uint32_t> find_same_things(const DatasetView& data, std::span<const std::uint64_t> groups);

}  // namespace glissade
