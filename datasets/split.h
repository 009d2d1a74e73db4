#pragma once

#include <glissade/views.h>

#include <cstdint>
#include <utility>

#include "datasets/dataset.h"

namespace glissade::datasets {

/// Copies a data set into two: `first` to train on and `second`, round(fraction * size) random rows, to validate on. Both keep
/// the order of the rows, D and L. The same seed gives the same split. `fraction` is taken as at least 0 and at most 1. O(size of
/// the data set), in time and memory.
std::pair<Dataset, Dataset> hold_out(const DatasetView& view, double fraction, std::uint64_t seed);

}  // namespace glissade::datasets
