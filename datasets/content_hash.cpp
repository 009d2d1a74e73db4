#include "datasets/content_hash.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <xxhash.h>

#include <algorithm>
#include <vector>

namespace glissade::datasets {
namespace {

constexpr std::size_t kBlock = std::size_t{4} << 20;

Hash128 hash_of(const void* data, std::size_t bytes) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(data, bytes);
  return {hash.low64, hash.high64};
}

Hash128 digest_of(const XXH3_state_t& state) noexcept {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  return {hash.low64, hash.high64};
}

/// The last block may be shorter than the others.
void append_blocks(std::vector<Hash128>& hashes, const char* begin, std::size_t bytes,
                   const std::function<void(std::string_view)>& done) {
  const std::size_t blocks = (bytes + kBlock - 1) / kBlock;
  const std::size_t before = hashes.size();
  hashes.resize(before + blocks);
  tbb::parallel_for(std::size_t{0}, blocks, [&](std::size_t i) {
    const std::size_t first = i * kBlock;
    const std::string_view block(begin + first, std::min(kBlock, bytes - first));
    hashes[before + i] = hash_of(block.data(), block.size());
    if (done) done(block);
  });
}

}  // namespace

Hash128 content_hash(const void* data, std::size_t bytes, const std::function<void(std::string_view)>& done) {
  std::vector<Hash128> hashes;
  append_blocks(hashes, static_cast<const char*>(data), bytes, done);
  return hash_of(hashes.data(), hashes.size() * sizeof(Hash128));
}

struct ContentHasher::State {
  XXH3_state_t block;          ///< of the block that is not full
  std::size_t filled = 0;      ///< bytes of it
  std::vector<Hash128> whole;  ///< of the blocks that are
};

ContentHasher::ContentHasher() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->block); }

ContentHasher::~ContentHasher() = default;

void ContentHasher::add(const void* data, std::size_t bytes) {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    if (state_->filled == 0 && bytes >= kBlock) {
      const std::size_t taken = bytes / kBlock * kBlock;
      append_blocks(state_->whole, from, taken, {});
      from += taken;
      bytes -= taken;
      continue;
    }
    const std::size_t taken = std::min(bytes, kBlock - state_->filled);
    XXH3_128bits_update(&state_->block, from, taken);
    state_->filled += taken;
    from += taken;
    bytes -= taken;
    if (state_->filled < kBlock) return;
    state_->whole.push_back(digest_of(state_->block));
    XXH3_128bits_reset(&state_->block);
    state_->filled = 0;
  }
}

Hash128 ContentHasher::value() const {
  std::vector<Hash128> hashes = state_->whole;
  if (state_->filled > 0) hashes.push_back(digest_of(state_->block));
  return hash_of(hashes.data(), hashes.size() * sizeof(Hash128));
}

std::string hex(const Hash128& hash) { return fmt::format("{:016x}{:016x}", hash.high, hash.low); }

}  // namespace glissade::datasets
