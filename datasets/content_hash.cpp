#include "datasets/content_hash.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <xxhash.h>

#include <algorithm>
#include <vector>

namespace glissade::datasets {
namespace {

Hash128 hash_of(const void* data, std::size_t bytes) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(data, bytes);
  return {hash.low64, hash.high64};
}

}  // namespace

Hash128 content_hash(const void* data, std::size_t bytes, const std::function<void(std::string_view)>& done) {
  constexpr std::size_t kBlock = std::size_t{4} << 20;
  const std::size_t blocks = (bytes + kBlock - 1) / kBlock;
  std::vector<Hash128> hashes(blocks);
  const char* const begin = static_cast<const char*>(data);
  tbb::parallel_for(std::size_t{0}, blocks, [&](std::size_t i) {
    const std::size_t first = i * kBlock;
    const std::string_view block(begin + first, std::min(kBlock, bytes - first));
    hashes[i] = hash_of(block.data(), block.size());
    if (done) done(block);
  });
  return hash_of(hashes.data(), hashes.size() * sizeof(Hash128));
}

std::string hex(const Hash128& hash) { return fmt::format("{:016x}{:016x}", hash.high, hash.low); }

}  // namespace glissade::datasets
