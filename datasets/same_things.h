#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace glissade::datasets {

/// Reads which label is which feature: lines of two ids from 0, "label feature" (plain or compressed; CRLF, empty lines and lines
/// that begin with # accepted). By feature its label, or 0xffffffff: the table that Model::create() takes. Fails on anything
/// else, on ids that are not below `labels` and `features`, on a label or feature that stands twice, and on a file without a
/// pair.
Result<std::vector<std::uint32_t>> read_same_things(const std::string& path, std::uint32_t labels, std::uint32_t features);

}  // namespace glissade::datasets
