#pragma once

#include <glissade/result.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace glissade::datasets {

/// Reads one group per line and row of `data_path` (plain or compressed as Text; CRLF accepted): any text, rows with the same
/// text are siblings. An empty line is a row that is alone. One number per row; equal texts have equal numbers, others another
/// one but for chance (2^-64). Fails unless there are exactly `rows` lines.
Result<std::vector<std::uint64_t>> read_groups(const std::string& path, std::size_t rows, const std::string& data_path);

}  // namespace glissade::datasets
