#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "hashing/family.h"

namespace glissade::hashing {

/// Codes of `count` rows of `source` in every table, in parallel: columns[table][i] is the code of row ids[i], or of row i
/// if `ids` is null. columns.size() is the family's number of tables.
void hash_rows(const VectorSource& source, const Family& family, const std::uint32_t* ids, std::size_t count,
               std::span<std::uint32_t* const> columns);

}  // namespace glissade::hashing
