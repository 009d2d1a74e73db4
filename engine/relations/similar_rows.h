#pragma once

#include <cstdint>
#include <vector>

#include <glissade/views.h>

namespace glissade {

/// Two rows with similar features.
struct SimilarRows {
  std::uint32_t first = 0, second = 0;  ///< first < second
  float likeness = 0;                   ///< Jaccard similarity of the features' ids, at least kLeastLikeness
  bool share_labels = false;            ///< a label belongs to both
};

/// Two of three folds of a thing have this part of their features in common.
inline constexpr float kLeastLikeness = 0.3f;

/// Adds the pairs that MinHash table `table` shows to `known`, which stays sorted by (first, second) without repetition. A row is
/// compared with the next few of its bucket only, so that cost is linear in rows; of `one_in` buckets one is looked at. Rows
/// without features or labels are passed over. Parallel; the result is a function of the arguments.
void add_similar_rows(const DatasetView& data, std::uint32_t table, std::uint64_t one_in, std::vector<SimilarRows>& known);

}  // namespace glissade
