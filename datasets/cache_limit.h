#pragma once

#include <glissade/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "datasets/cache_folder.h"

namespace glissade::datasets {

/// How many bytes the cache may take for good: environment variable GLISSADE_CACHE_LIMIT, a number and k, M, G or T (powers of
/// 1,000; without one: bytes), as "20G". Nothing if it is unset or empty. Usage error if it is anything else.
Result<std::optional<std::uint64_t>> cache_limit();

/// Removes those of the folder's files that were used longest ago, until the rest takes no more than `bytes`. The files in
/// `newest`, paths in the folder as they were written, stay whatever they take. Fails and is safe as clear_cache().
Result<CacheCleared> keep_within(const std::string& folder, std::uint64_t bytes, const std::vector<std::string>& newest);

}  // namespace glissade::datasets
