#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace glissade::hashing {

/// Reduces an overfull bucket to a uniform sample of `cap` of its ids (every subset equally likely), which ends up ascending in
/// bucket[0 .. cap). A function of (seed, ids in the bucket's order). Needs bucket.size() > cap.
void keep_sample(std::span<std::uint32_t> bucket, std::size_t cap, std::uint64_t seed) noexcept;

}  // namespace glissade::hashing
