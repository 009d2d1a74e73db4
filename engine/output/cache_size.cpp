#include "engine/output/cache_size.h"

#include <unistd.h>

namespace glissade {

std::size_t second_level_cache() noexcept {
  constexpr long kCommon = 512 * 1024;
  static const long bytes = [] {
    const long told = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return told > 0 ? told : kCommon;
  }();
  return static_cast<std::size_t>(bytes);
}

}  // namespace glissade
