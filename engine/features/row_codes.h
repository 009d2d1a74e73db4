#pragma once

#include <cstdint>
#include <vector>

#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// A row's features and values, and all of it, as numbers: equal for equal rows, whatever the order of their ids, and by chance
/// (2^-64) for others.
struct RowCode {
  std::uint64_t input = 0;
  std::uint64_t row = 0;  ///< with the labels
};

/// Of all rows. In parallel. Rows are released to `pager` (if any) as they have been read.
std::vector<RowCode> row_codes(const DatasetView& data, const RowPager* pager);

}  // namespace glissade
