#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "datasets/records/layout.h"

namespace glissade::datasets {

/// Where the blocks of a text begin, of whole records and about `block_bytes` each, from layout.body on. One pass over a CSV text
/// with quotes, because a line may end inside them; else blocks are found without reading.
std::vector<std::size_t> cut_blocks(std::string_view text, const RecordLayout& layout, std::size_t block_bytes);

/// Bytes of the records of `text` that are whole: up to the last line end that is one of a record.
std::size_t whole_records(std::string_view text, const RecordLayout& layout) noexcept;

}  // namespace glissade::datasets
