#include "engine/batches/baskets.h"

#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kBasketStream = 68;

}  // namespace

std::uint64_t basket_of(const DatasetView& data, std::size_t row) noexcept {
  std::uint64_t sum = 0;  // of what is in it, in any order
  for (const std::uint32_t id : data.features.row_ids(row)) sum += hashing::derive(0, kBasketStream, id);
  for (const std::uint32_t id : data.labels.row_ids(row)) sum += hashing::derive(0, kBasketStream, id);
  return sum;
}

}  // namespace glissade
