// Rows of a mapped cache file: brought in, let go, the same at any time.
#include "datasets/mapped_rows.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "datasets/read.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::resident_pages;
using testing::TemporaryFolder;

}  // namespace

TEST_CASE("a data set in the cache is held only where it was read, and reads the same after it was let go", "[unit]") {
  const TemporaryFolder folder;
  std::string text = "20000 1000 50\n";
  for (int row = 0; row < 20'000; ++row) {
    text += std::to_string(row % 50);
    for (int j = 0; j < 20; ++j) text += " " + std::to_string(j * 50 + row % 50) + ":0." + std::to_string(1 + (row + j) % 9);
    text += "\n";
  }
  const std::string source = folder.file("a.txt", text);
  const ReadOptions options{.cache_directory = folder / "cache"};
  const auto plain = read_dataset(source, {.use_cache = false});
  REQUIRE(plain);
  CHECK(plain->pager() == nullptr);
  for (const bool first : {true, false}) {
    INFO((first ? "just parsed" : "from the cache"));
    const auto cached = read_dataset(source, options);
    REQUIRE(cached);
    REQUIRE(cached->pager() != nullptr);
    const auto& ids = cached->view().features.ids;
    const std::size_t all = ids.size_bytes() / 4096;
    const auto held = [&] { return resident_pages(ids.data(), ids.size_bytes()); };
    CHECK(held() == 0);
    cached->pager()->fetch(5'000, 10'000);
    CHECK(held() >= all / 4 - 1);
    CHECK(held() <= all / 4 + 64);  // the system maps a few pages around one that is touched
    CHECK(testing::same(cached->view(), plain->view()));
    CHECK(held() >= all - 1);
    cached->pager()->release(0, 20'000);
    CHECK(held() == 0);
    CHECK(testing::same(cached->view(), plain->view()));
    cached->pager()->fetch(19'999, 20'000);
    cached->pager()->fetch(7, 7);
    cached->pager()->release(7, 7);
  }
}
