// Whether rows that lie close together are more alike than others.
#include <glissade/row_order.h>

#include <catch2/catch.hpp>

#include <vector>

#include "hashing/seeds.h"

namespace glissade::test {
namespace {

/// Rows of labels that own their memory.
struct LabelSets {
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> ids;

  void add(const std::vector<std::uint32_t>& row) {
    ids.insert(ids.end(), row.begin(), row.end());
    offsets.push_back(ids.size());
  }
  SparseRows view() const { return {offsets, ids, {}}; }
};

}  // namespace

TEST_CASE("the order of rows by hand: labels in common within blocks of two, and between them", "[unit]") {
  LabelSets rows;
  rows.add({1, 2});
  rows.add({1, 2});
  rows.add({1});
  rows.add({3});
  const RowOrder order = row_order(rows.view(), 2);
  CHECK(order.shared == 2);              // of the first two rows
  CHECK(order.near == Approx(2.0 / 2));  // two pairs, of which one has both
  CHECK(order.far == Approx(2.0 / 4));   // four pairs: two with label 1
  CHECK(order.times() == Approx(2));
  CHECK_FALSE(order.is_sorted());  // far too few to tell
  CHECK(row_order(rows.view(), 0).times() == 1);
  CHECK(row_order(rows.view(), 4).times() == 1);  // one block is the whole
}

TEST_CASE("rows in the order of their topics lie in an order, and none when they are shuffled", "[unit]") {
  hashing::Random random(hashing::mix(3));
  const std::size_t block = GENERATE(16, 100, 5000);
  const std::size_t rows = 8 * block + 5;
  LabelSets sorted, shuffled, apart;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto topic = static_cast<std::uint32_t>(row * 20 / rows);
    const auto anywhere = static_cast<std::uint32_t>(random.below(100));
    sorted.add({topic * 5 + static_cast<std::uint32_t>(random.below(5)), 100 + anywhere});
    shuffled.add({static_cast<std::uint32_t>(random.below(100)), 100 + anywhere});
    apart.add({static_cast<std::uint32_t>(row / block)});  // of other blocks nothing at all
  }
  CHECK(row_order(sorted.view(), block).is_sorted());
  CHECK_FALSE(row_order(shuffled.view(), block).is_sorted());
  CHECK(row_order(shuffled.view(), block).times() == Approx(1).margin(0.3));
  CHECK(row_order(apart.view(), block).is_sorted());
}

}  // namespace glissade::test
