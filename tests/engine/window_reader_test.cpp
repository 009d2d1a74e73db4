#include "engine/batches/window_reader.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/trainer.h>

#include "engine/batches/sample_order.h"
#include "tests/engine/data.h"
#include "tests/engine/model_file_test.h"

namespace glissade {
namespace {

/// Keeps account of which rows are held.
class CountingPager : public RowPager {
 public:
  explicit CountingPager(std::size_t rows) : held_(rows, 0) {}
  void fetch(std::size_t begin, std::size_t end) const noexcept override {
    const std::lock_guard lock(mutex_);
    for (std::size_t row = begin; row < end; ++row) held_.at(row) = 1;
    ++fetches_;
    most_ = std::max(most_, count());
  }
  void release(std::size_t begin, std::size_t end) const noexcept override {
    const std::lock_guard lock(mutex_);
    for (std::size_t row = begin; row < end; ++row) held_.at(row) = 0;
  }
  bool holds(std::size_t row) const {
    const std::lock_guard lock(mutex_);
    return held_.at(row) != 0;
  }
  std::size_t held_now() const {
    const std::lock_guard lock(mutex_);
    return count();
  }
  std::size_t most() const noexcept { return most_; }
  std::size_t fetches() const noexcept { return fetches_; }

 private:
  std::size_t count() const { return static_cast<std::size_t>(std::count(held_.begin(), held_.end(), 1)); }
  mutable std::mutex mutex_;
  mutable std::vector<char> held_;
  mutable std::size_t most_ = 0, fetches_ = 0;
};

std::vector<std::uint32_t> order_of(std::size_t rows, std::size_t block, std::uint64_t seed) {
  std::vector<std::uint32_t> order;
  shuffle_in_blocks(order, rows, block, seed);
  return order;
}

TEST_CASE("an order by blocks has every sample once and keeps to few blocks at a time", "[unit]") {
  constexpr std::size_t kRows = 10'007, kBlock = 100;
  const auto order = order_of(kRows, kBlock, 5);
  CHECK(std::set<std::uint32_t>(order.begin(), order.end()).size() == kRows);
  REQUIRE(order.size() == kRows);
  CHECK(order == order_of(kRows, kBlock, 5));
  CHECK(order != order_of(kRows, kBlock, 6));
  std::set<std::uint32_t> blocks;
  for (std::size_t at = 0; at < 7 * kBlock; ++at) blocks.insert(order[at] / kBlock);
  CHECK(blocks.size() == kBlocksPerWindow);  // seven blocks' worth of samples, from all over eight
  CHECK_FALSE(std::is_sorted(order.begin(), order.begin() + 100));
  std::vector<std::uint32_t> whole;
  shuffle(whole, kRows, 5);
  CHECK(order_of(kRows, 0, 5) == whole);
  CHECK(order_of(kRows, kRows, 5) == whole);
}

TEST_CASE("rows are there when they are due, never more than three windows of them, and none in the end", "[unit]") {
  constexpr std::size_t kRows = 5'000, kBlock = 64, kBatch = 100;
  for (const std::uint32_t threads : {1u, 3u}) {
    auto order = order_of(kRows, kBlock, 9);
    // As where some rows are kept out of training, one whole block among them.
    std::erase_if(order, [](std::uint32_t row) { return row % 7 == 0 || row / kBlock == 3; });
    const CountingPager pager(kRows);
    {
      WindowReader reader(pager, order, kRows, kBlock, threads);
      for (std::size_t first = 0; first < order.size(); first += kBatch) {
        const std::size_t end = std::min(order.size(), first + 2 * kBatch);
        reader.advance(first, end);
        for (std::size_t at = first; at < end; ++at) {
          if (!pager.holds(order[at])) FAIL("row " << order[at] << " at " << at << " is not there");
        }
        CHECK(reader.held() <= 3);
      }
    }
    CHECK(pager.most() <= 3 * kBlocksPerWindow * kBlock);
    CHECK(pager.held_now() == 0);
    CHECK(pager.fetches() <= kRows / kBlock + kBlocksPerWindow);
  }
}

TEST_CASE("parts of steps take their samples from blocks of their own", "[unit]") {
  constexpr std::size_t kRows = 9'050, kBlock = 100, kStep = 60, kPart = 15, kParts = 4;
  auto order = order_of(kRows, kBlock, 5);
  if (GENERATE(false, true)) std::erase_if(order, [](std::uint32_t row) { return row % 19 == 0 || row / kBlock == 3; });
  auto dealt = order;
  deal_to_parts(dealt, kBlock, kStep, kPart, 8);
  const auto windows = windows_of(order, kBlock);
  std::size_t begin = 0, moved = 0;
  for (const OrderWindow& window : windows) {
    const auto from = [&](std::vector<std::uint32_t>& all) {
      return std::vector(all.begin() + static_cast<std::ptrdiff_t>(begin), all.begin() + static_cast<std::ptrdiff_t>(window.end));
    };
    auto before = from(order), after = from(dealt);
    std::vector<std::set<std::uint32_t>> blocks(kParts);
    for (std::size_t i = 0; i < after.size(); ++i) {
      blocks[(begin + i) % kStep / kPart].insert(after[i] / kBlock);
      moved += before[i] != after[i] ? 1 : 0;
    }
    for (const auto& its : blocks) CHECK(its.size() <= kBlocksPerWindow / kParts + 2);
    std::ranges::sort(before);
    std::ranges::sort(after);
    CHECK(before == after);
    begin = window.end;
  }
  CHECK(moved > order.size() / 2);
  CHECK_FALSE(std::is_sorted(dealt.begin(), dealt.begin() + kPart));
  auto again = order, other = order, one = order;
  deal_to_parts(again, kBlock, kStep, kPart, 8);
  deal_to_parts(other, kBlock, kStep, kPart, 9);
  deal_to_parts(one, kBlock, kStep, kStep, 8);
  CHECK(again == dealt);
  CHECK(other != dealt);
  CHECK(one == order);
}

TEST_CASE("a reader leaves blocks alone of which no row is wanted", "[unit]") {
  constexpr std::size_t kRows = 5'000, kBlock = 50, kStep = 40, kPart = 10;
  auto order = order_of(kRows, kBlock, 9);
  deal_to_parts(order, kBlock, kStep, kPart, 9);
  const auto is_own = [](std::size_t at) { return at % kStep / kPart == 2 && at > 600; };  // of the first windows none
  const CountingPager pager(kRows);
  {
    WindowReader reader(pager, order, kRows, kBlock, 2, is_own);
    for (std::size_t first = 0; first < kRows; first += kStep) {
      reader.advance(first, std::min(kRows, first + 2 * kStep));
      for (std::size_t at = first; at < std::min(kRows, first + 2 * kStep); ++at) {
        if (is_own(at) && !pager.holds(order[at])) FAIL("row " << order[at] << " at " << at << " is not there");
      }
    }
  }
  CHECK(pager.held_now() == 0);
  CHECK(pager.fetches() < kRows / kBlock / 2);
  CHECK(pager.fetches() >= kRows / kBlock / 4 - 4);
  WindowReader none(pager, order, kRows, kBlock, 1, [](std::size_t) { return false; });
  none.advance(0, kRows);
  CHECK(none.held() == 0);
}

TEST_CASE("a reader that begins in the midst of an epoch skips what lies before", "[unit]") {
  constexpr std::size_t kRows = 8'000, kBlock = 50;
  const auto order = order_of(kRows, kBlock, 1);
  const CountingPager pager(kRows);
  WindowReader reader(pager, order, kRows, kBlock, 2);
  reader.advance(kRows - 500, kRows);
  for (std::size_t at = kRows - 500; at < kRows; ++at) {
    if (!pager.holds(order[at])) FAIL("row at " << at << " is not there");
  }
  CHECK(pager.fetches() <= 6 * kBlocksPerWindow);
}

TEST_CASE("training through a pager gives the model that training without one gives", "[unit]") {
  const test::Data data = test::planted_data(2'000, 300, 50, 4);
  Config config;
  config.network.hidden = {16};
  config.training.epochs = 2;
  config.training.batch = 64;
  config.active_set.size = 50;
  config.run.threads = 1;
  config.training.shuffle_block = 32;
  config.training.loader_threads = 2;
  const model_file::TemporaryFolder folder;
  const CountingPager pager(data.view().size());
  for (const bool paged : {false, true}) {
    auto model = Model::create(config, {300, 50});
    REQUIRE(model.ok());
    auto trainer = Trainer::create(*model, data.view().size());
    REQUIRE(trainer.ok());
    if (paged) trainer->read_through(&pager);
    for (int epoch = 0; epoch < 2; ++epoch) REQUIRE(trainer->train_epoch(data.view()).ok());
    REQUIRE(model->save(folder.file(paged ? "paged" : "plain")).ok());
  }
  CHECK(model_file::get(folder.file("paged")) == model_file::get(folder.file("plain")));
  CHECK(pager.most() <= 3 * kBlocksPerWindow * 32);
  CHECK(pager.held_now() == 0);
}

}  // namespace
}  // namespace glissade
