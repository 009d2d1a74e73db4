#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "datasets/dataset.h"

namespace glissade::datasets {

/// hold_out() into two files of the cache, beside that of `data`: named after its key, `fraction`, `seed`, `groups` and the part,
/// and found there the next time. Both parts are mapped and verified as any cache file, with pagers. Passes through the rows of
/// `data` and lets them go; holds a few MiB and a bit per row. Nothing where `data` are not from the cache, where a part would be
/// empty, and where the files cannot be written.
std::optional<std::pair<Dataset, Dataset>> hold_out_in_cache(const Dataset& data, double fraction, std::uint64_t seed,
                                                             std::span<const std::uint64_t> groups = {});

/// select_rows() into a file of the cache, likewise: named after the key of `data` and the rows that are chosen.
std::optional<Dataset> select_in_cache(const Dataset& data, const std::vector<bool>& chosen);

}  // namespace glissade::datasets
