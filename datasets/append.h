#pragma once

#include <glissade/views.h>

#include "datasets/dataset.h"

namespace glissade::datasets {

/// `data` with the rows of `more` behind them, whose ids fit: its counts and facts. Where `data` are mapped from the cache, so is
/// the result, a file of the cache named after that file and the rows, without their memory; else, and where it cannot be
/// written, a copy. O(size of both), in time and on disk or in memory. Throws std::bad_alloc.
Dataset append_rows(const Dataset& data, const DatasetView& more);

}  // namespace glissade::datasets
