#pragma once

#include <vector>

#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// One flag per row: true for rows that say nothing new. Such a row has the features, values and labels of a row before it, and
/// no row of these features and values has other labels. Where some have others, the number of rows of each kind is knowledge
/// (votes for a title), so none of them is flagged. In any order of the rows, all but one of the equal ones are.
///
/// A row that stands twice would be its own neighbour where the paths are weighed (training/ranker_fit), and neighbours would be
/// trusted more than new rows justify.
///
/// One parallel pass and a sort, 24 bytes per row. Rows are compared by 64-bit codes. They are released to `pager` (if any) as
/// they have been read. Throws std::bad_alloc.
std::vector<bool> repeated_rows(const DatasetView& data, const RowPager* pager = nullptr);

/// One flag per row: what repeated_rows() flags, if these are a hundredth of all or more. Else nothing: fewer stay where they
/// are, as they change nothing that can be measured, and a copy of the data costs more.
std::vector<bool> repeats_worth_leaving_out(const DatasetView& data, const RowPager* pager = nullptr);

}  // namespace glissade
