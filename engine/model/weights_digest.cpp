#include "engine/model/weights_digest.h"

#include <oneapi/tbb/parallel_for.h>
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "engine/model/sections.h"

namespace glissade {
namespace {

/// Bytes that are hashed as one.
constexpr std::size_t kDigestBlock = std::size_t{1} << 20;

std::uint64_t digest_of(std::span<const std::byte> bytes, std::uint64_t seed) {
  std::vector<std::uint64_t> blocks((bytes.size() + kDigestBlock - 1) / kDigestBlock);
  tbb::parallel_for(std::size_t{0}, blocks.size(), [&](std::size_t i) {
    const auto block = bytes.subspan(i * kDigestBlock, std::min(kDigestBlock, bytes.size() - i * kDigestBlock));
    blocks[i] = XXH3_64bits(block.data(), block.size());
  });
  return XXH3_64bits_withSeed(blocks.data(), blocks.size() * sizeof(std::uint64_t), seed);
}

}  // namespace

std::uint64_t weights_digest(const Network& network) {
  std::uint64_t digest = 0;
  for_each_layer(network, [&](std::uint32_t, const ParameterRows& rows) {
    for (const auto bytes : {rows.weights.as_bytes(), rows.high.as_bytes(), rows.low.as_bytes(), rows.bias.as_bytes()})
      digest = digest_of(bytes, digest + 1);
  });
  return digest;
}

}  // namespace glissade
