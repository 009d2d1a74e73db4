#pragma once

#include <glissade/views.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "datasets/dataset.h"

namespace glissade::datasets {

/// Which of `rows` rows are held out: round(fraction * rows) of them, any such choice as likely as another. `fraction` is taken
/// as at least 0 and at most 1. The same seed gives the same choice.
///
/// `groups`: one number per row, or empty. Rows of one number are held out all or none: groups in random order, each that brings
/// the number of rows nearer to round(fraction * rows).
std::vector<bool> held_out_rows(std::uint64_t rows, double fraction, std::uint64_t seed,
                                std::span<const std::uint64_t> groups = {});

/// Copies a data set into two: `first` to train on and `second`, the rows that are held out, to validate on. Both keep the order
/// of the rows, D and L, and say `facts`. O(size of the data set), in time and memory.
std::pair<Dataset, Dataset> hold_out(const DatasetView& view, double fraction, std::uint64_t seed, const ReadFacts& facts = {},
                                     std::span<const std::uint64_t> groups = {});

/// Copies the rows that are `chosen`, one flag per row, in their order; D and L stay.
Dataset select_rows(const DatasetView& view, const std::vector<bool>& chosen, const ReadFacts& facts = {});

/// The same without their memory where `data` are mapped from the cache: then they are a file of the cache, too. Else, and where
/// that cannot be written, a copy.
Dataset select_rows(const Dataset& data, const std::vector<bool>& chosen);

/// The two parts of hold_out(), without their memory where `data` are mapped from the cache: both parts then are files of the
/// cache, too, see split_cache.h. Else, and where those cannot be written, a copy.
std::pair<Dataset, Dataset> hold_out(const Dataset& data, double fraction, std::uint64_t seed,
                                     std::span<const std::uint64_t> groups = {});

}  // namespace glissade::datasets
