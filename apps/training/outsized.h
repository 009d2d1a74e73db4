#pragma once

#include <glissade/model.h>
#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade::apps {

/// One line on standard error if values of some features are far larger than those of the others, with the largest one's number,
/// and name if `model` has names. `pager`: of the rows, or null.
void warn_of_outsized(const Model& model, const DatasetView& rows, const RowPager* pager);

}  // namespace glissade::apps
