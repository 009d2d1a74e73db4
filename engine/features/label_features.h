#pragma once

#include <cstdint>
#include <vector>

#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// Features that are labels of their rows: each stands in exactly the rows of one label. Ascending; empty unless this explains
/// the data and can be a mistake:
/// - of the labels with three rows and more, more than half of all occurrences, and at least 20 labels, have such a feature. By
///   chance hardly one has. Once that is so, features of rarer labels count, too.
/// - more than half of the rows have other features beside these. Where they have none, rows are to give back what they are made
///   of (features and labels are the same by design), and there is nothing else to learn from.
/// Rows that were added (DatasetView::added) are no evidence. A pass over the features and labels and one over the features, 9
/// bytes per feature and label. Rows are released to `pager` (if any) as they have been looked at. Throws std::bad_alloc.
std::vector<std::uint32_t> find_label_features(const DatasetView& data, const RowPager* pager);

}  // namespace glissade
