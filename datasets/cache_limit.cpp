#include "datasets/cache_limit.h"

#include "datasets/byte_size.h"

namespace glissade::datasets {

Result<std::optional<std::uint64_t>> cache_limit() { return size_in_environment("GLISSADE_CACHE_LIMIT"); }

Result<CacheCleared> keep_within(const std::string& folder, std::uint64_t bytes, const std::vector<std::string>& newest) {
  return clear_cache(folder, {.bytes = bytes, .spared = newest});
}

}  // namespace glissade::datasets
