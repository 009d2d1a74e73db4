// How many windows of a paged file a reader holds at a time.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "engine/batches/window_reader.h"

namespace glissade::test {
namespace {

class FetchCounter : public RowPager {
 public:
  void fetch(std::size_t, std::size_t) const noexcept override { ++fetches_; }
  void release(std::size_t, std::size_t) const noexcept override {}
  std::size_t fetches() const noexcept { return fetches_; }

 private:
  mutable std::atomic<std::size_t> fetches_ = 0;
};

}  // namespace

TEST_CASE("a reader holds the window that is needed and the next one, and counts them so", "[unit]") {
  constexpr std::size_t kBlock = 10, kWindows = 4, kRows = kBlock * kBlocksPerWindow * kWindows;
  std::vector<std::uint32_t> order(kRows);
  std::iota(order.begin(), order.end(), 0u);
  const FetchCounter pager;
  WindowReader reader(pager, order, kRows, kBlock, 1);
  reader.advance(0, 1);
  for (int wait = 0; wait < 2000 && pager.fetches() < 2 * kBlocksPerWindow; ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(pager.fetches() == 2 * kBlocksPerWindow);
  CHECK(reader.held() == 2);
}

}  // namespace glissade::test
