#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace glissade::datasets {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// XXH3-128 over the XXH3-128 values of 4 MiB blocks: all threads take part, the result does not depend on how many there are.
/// Not cryptographic: it tells files apart and finds damage, it does not resist somebody who forges. Calls done(block), if given,
/// from any thread once that block has been read.
Hash128 content_hash(const void* data, std::size_t bytes, const std::function<void(std::string_view)>& done = {});

/// 32 hexadecimal digits.
std::string hex(const Hash128& hash);

}  // namespace glissade::datasets
