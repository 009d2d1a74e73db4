#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace glissade::datasets {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// XXH3-128 over the XXH3-128 values of 4 MiB blocks: all threads take part, the result does not depend on how many there are.
/// Not cryptographic: it tells files apart and finds damage, it does not resist somebody who forges.
Hash128 content_hash(const void* data, std::size_t bytes);

/// 32 hexadecimal digits.
std::string hex(const Hash128& hash);

}  // namespace glissade::datasets
