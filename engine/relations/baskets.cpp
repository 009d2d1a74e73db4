#include "engine/relations/baskets.h"

#include <oneapi/tbb/parallel_for.h>

#include <glissade/row_relations.h>

#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kBasketStream = 68;

}  // namespace

std::uint64_t basket_of(const DatasetView& data, std::size_t row, const OwnLabels& own) noexcept {
  std::uint64_t sum = 0;  // of what is in it, in any order
  for (const std::uint32_t id : data.features.row_ids(row)) {
    const std::uint32_t label = own.label_of(id);
    sum += label != OwnLabels::kNone ? hashing::derive(0, kBasketStream, label) : hashing::derive(1, kBasketStream, id);
  }
  for (const std::uint32_t id : data.labels.row_ids(row)) sum += hashing::derive(0, kBasketStream, id);
  return sum;
}

std::vector<std::uint64_t> baskets(const DatasetView& data, const OwnLabels& own) {
  std::vector<std::uint64_t> all(data.size());
  tbb::parallel_for(std::size_t{0}, all.size(), [&](std::size_t row) { all[row] = basket_of(data, row, own); });
  return all;
}

std::vector<std::uint64_t> groups_of_sets(const DatasetView& data) {
  std::vector<std::uint64_t> all(data.size());
  tbb::parallel_for(std::size_t{0}, all.size(), [&](std::size_t row) {
    const auto item = [&](std::uint32_t id) { return id < data.label_count ? hashing::derive(0, kBasketStream, id) : 0; };
    for (const std::uint32_t id : data.features.row_ids(row)) all[row] += item(id);
    for (const std::uint32_t id : data.labels.row_ids(row)) all[row] += item(id);
  });
  return all;
}

}  // namespace glissade
