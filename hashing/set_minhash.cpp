#include "hashing/set_minhash.h"

#include <algorithm>
#include <limits>

#include "hashing/seeds.h"

namespace glissade::hashing {
namespace {

constexpr std::uint64_t kSetStream = 0x7365746d696e;  // "setmin"

}  // namespace

std::uint32_t SetMinHash::code(std::span<const std::uint32_t> ids, std::uint32_t table) const noexcept {
  std::uint64_t code = 0;
  for (std::uint32_t i = 0; i < k_; ++i) {
    const std::uint64_t order = derive(seed_, kSetStream, std::uint64_t{table} * k_ + i);
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint32_t id : ids) first = std::min(first, mix(order ^ id));
    code = mix(code ^ first);
  }
  return static_cast<std::uint32_t>(code >> 32);
}

}  // namespace glissade::hashing
