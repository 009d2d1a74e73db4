#pragma once

#include <cstdint>
#include <vector>

#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// A feature whose values are far larger than those of the others.
struct OutsizedFeature {
  std::uint32_t feature = 0;
  float largest = 0;  ///< magnitude of its largest value
  float typical = 0;  ///< the same of the median feature
};

/// So many times as large as the median feature's largest value a feature's must be to count as outsized. Counts and tf-idf
/// weights stay far below.
inline constexpr float kOutsized = 1000.f;

/// The features whose largest value is more than kOutsized times the median of all features' largest values (of features that
/// occur, with a value other than 0), the largest first. A network learns from sums of values times weights that start alike, so
/// such a column drowns the others and soon overflows. Not finite values are passed over. One parallel pass over the values (none
/// where all are 1); 4 bytes per feature. Throws std::bad_alloc. Rows are released to `pager` (if any) as they have been looked
/// at.
std::vector<OutsizedFeature> find_outsized_features(const DatasetView& data, const RowPager* pager = nullptr);

}  // namespace glissade
