#pragma once

#include <glissade/views.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "datasets/dataset.h"

namespace glissade::datasets {

/// Which of `rows` rows are held out: round(fraction * rows) of them, any such choice as likely as another. `fraction` is taken
/// as at least 0 and at most 1. The same seed gives the same choice.
std::vector<bool> held_out_rows(std::uint64_t rows, double fraction, std::uint64_t seed);

/// Copies a data set into two: `first` to train on and `second`, the rows that are held out, to validate on. Both keep the order
/// of the rows, D and L, and say `facts`. O(size of the data set), in time and memory.
std::pair<Dataset, Dataset> hold_out(const DatasetView& view, double fraction, std::uint64_t seed, const ReadFacts& facts = {});

/// The same rows, without their memory where `data` are mapped from the cache: both parts then are files of the cache, too, see
/// split_cache.h. Else, and where those cannot be written, a copy.
std::pair<Dataset, Dataset> hold_out(const Dataset& data, double fraction, std::uint64_t seed);

}  // namespace glissade::datasets
