// Rows of a mapped cache file: brought in, let go, the same at any time.
#include "datasets/mapped_rows.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include "datasets/read.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

/// Pages of [data, data + bytes) that lie wholly inside it and are in this process's page tables.
std::size_t resident_pages(const void* data, std::size_t bytes) {
  constexpr std::size_t kPage = 4096;
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + kPage - 1) / kPage;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / kPage;
  std::size_t count = 0;
  std::FILE* const pages = std::fopen("/proc/self/pagemap", "rb");
  REQUIRE(pages != nullptr);
  for (std::uintptr_t page = begin; page < end; ++page) {
    std::uint64_t entry = 0;
    std::fseek(pages, static_cast<long>(page * sizeof entry), SEEK_SET);
    if (std::fread(&entry, sizeof entry, 1, pages) == 1) count += entry >> 63;
  }
  std::fclose(pages);
  return count;
}

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
