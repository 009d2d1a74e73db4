// Hold-out splits as files of the cache: the rows of the copy, found again, verified, and a copy where there is no place.
#include "datasets/split_cache.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <glissade/row_pager.h>

#include "datasets/cache.h"
#include "datasets/read.h"
#include "datasets/split.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

/// Rows of 0 to 40 features and 0 to 2 labels; ids from 1, a comment, and one label and feature named twice.
std::string libsvm_text(int rows) {
  std::string text = "3,3 1:1 1:0.5  # twice\n";
  for (int row = 1; row < rows; ++row) {
    if (row % 3 == 1) text += std::to_string(row % 50);
    if (row % 3 == 2) text += std::to_string(row % 7) + "," + std::to_string(10 + row % 40);
    for (int j = 0; j < row % 41; ++j)
      text += " " + std::to_string(1 + j * 20 + row % 20) + ":" + std::to_string(row + j) + ".25";
    text += "\n";
  }
  return text;
}

struct Case {
  TemporaryFolder folder;
  std::string source;
  ReadOptions options{.format = Format::libsvm, .cache_directory = folder / "cache"};

  explicit Case(int rows = 3'000) : source(folder.file("a.txt", libsvm_text(rows))) {}

  Dataset read() const {
    auto data = read_dataset(source, options);
    REQUIRE(data);
    return std::move(*data);
  }
};

/// With what tells a file from another that took its place.
std::map<std::string, fs::file_time_type> files_in(const std::string& folder) {
  std::map<std::string, fs::file_time_type> files;
  for (const auto& entry : fs::directory_iterator(folder)) files[entry.path().string()] = entry.last_write_time();
  return files;
}

bool same_facts(const ReadFacts& a, const ReadFacts& b) { return a.id_base == b.id_base && a.changes == b.changes; }

/// A source of rows that keeps what was released of it.
struct Witness : glissade::RowPager {
  mutable std::vector<std::pair<std::size_t, std::size_t>> released;
  void fetch(std::size_t, std::size_t) const noexcept override {}
  void release(std::size_t begin, std::size_t end) const noexcept override { released.emplace_back(begin, end); }
};

}  // namespace

TEST_CASE("a split in the cache has the rows of the copy, the first time and again", "[unit]") {
  const Case c;
  for (const auto& [share, seed] :
       std::vector<std::pair<double, std::uint64_t>>{{0.1, 1}, {0.1, 2}, {0.5, 1}, {0.9, 7}, {0.001, 3}}) {
    INFO(share << " of the rows, seed " << seed);
    const auto [train, held] = hold_out(c.read().view(), share, seed);
    std::map<std::string, fs::file_time_type> before;
    for (const bool first : {true, false}) {
      INFO((first ? "written" : "found"));
      const Dataset data = c.read();
      const auto [mapped_train, mapped_held] = hold_out(data, share, seed);
      CHECK(testing::same(mapped_train.view(), train.view()));
      CHECK(testing::same(mapped_held.view(), held.view()));
      CHECK(mapped_train.pager() != nullptr);
      CHECK(mapped_held.pager() != nullptr);
      CHECK(same_facts(mapped_train.facts(), data.facts()));
      CHECK(same_facts(mapped_held.facts(), data.facts()));
      if (first) before = files_in(c.options.cache_directory);
    }
    CHECK(files_in(c.options.cache_directory) == before);
  }
  CHECK(files_in(c.options.cache_directory).size() == 1 + 2 * 5);
}

TEST_CASE("chosen rows are one more file of the cache, found again by which they are", "[unit]") {
  const Case c;
  const Dataset data = c.read();
  std::vector<bool> chosen(data.view().size(), true);
  const auto check = [&](std::size_t files) {
    const Dataset copy = select_rows(data.view(), chosen);
    const Dataset mapped = select_rows(data, chosen);
    CHECK(testing::same(mapped.view(), copy.view()));
    CHECK(mapped.pager() != nullptr);
    CHECK(same_facts(mapped.facts(), data.facts()));
    CHECK(files_in(c.options.cache_directory).size() == files);
  };
  for (const std::size_t row : {0u, 63u, 64u, 2'999u}) chosen[row] = false;
  check(2);
  check(2);
  chosen[64] = true;
  check(3);
  chosen.assign(chosen.size(), false);
  CHECK(select_rows(data, chosen).view().size() == 0);
}

TEST_CASE("a split says what its source says, in the cache and as a copy", "[unit]") {
  const Case c;
  const Dataset data = c.read();
  CHECK(data.facts().id_base == IdBase::one);
  CHECK(data.facts().changes.duplicate_features == 1);
  const auto plain = read_dataset(c.source, {.format = Format::libsvm, .use_cache = false});
  REQUIRE(plain);
  const auto [train, held] = hold_out(*plain, 0.1, 1);
  CHECK(train.pager() == nullptr);
  CHECK_FALSE(train.cache_file());
  CHECK(same_facts(train.facts(), data.facts()));
  CHECK(same_facts(held.facts(), data.facts()));
  CHECK(testing::same(train.view(), hold_out(data, 0.1, 1).first.view()));
}

TEST_CASE("a split is held only where it was read, and lets its source go", "[unit]") {
  const Case c(40'000);
  const Dataset data = c.read();
  const auto held_pages = [](const Dataset& rows) {
    const auto ids = rows.view().features.ids;
    REQUIRE(ids.size_bytes() > 64 * 4096);
    return testing::resident_pages(ids.data(), ids.size_bytes());
  };
  data.pager()->fetch(0, data.view().size());
  CHECK(held_pages(data) > 64);
  const auto [train, held] = hold_out(data, 0.2, 1);
  CHECK(held_pages(data) == 0);
  CHECK(held_pages(train) == 0);
  CHECK(held_pages(held) == 0);
  train.pager()->fetch(0, train.view().size());
  CHECK(held_pages(train) > 64);
}

TEST_CASE("rows of the source go as they are passed, a few MiB at a time", "[unit]") {
  const Case c(120'000);
  const Dataset data = c.read();
  const auto& offsets = data.view().features.offsets;
  REQUIRE(offsets.back() > 4 * glissade::RowTrail::kEntries);
  const auto witness = std::make_shared<const Witness>();
  const Dataset watched(data.view(), nullptr, witness, data.facts(), data.cache_file());
  REQUIRE(hold_out_in_cache(watched, 0.3, 1));
  // Three arrays of entries for each part; labels alone are fewer than a block, and end with the release of all.
  std::size_t next = 0, passes = 0, blocks = 0;
  for (const auto& [begin, end] : witness->released) {
    if (begin == 0 && end == data.view().size()) {
      ++passes;
      next = 0;
      continue;
    }
    CHECK(begin == next);
    CHECK(offsets[end] - offsets[begin] < 2 * glissade::RowTrail::kEntries);
    next = end;
    ++blocks;
  }
  CHECK(passes == 6);
  CHECK(blocks >= 4 * 4);
}

TEST_CASE("a damaged file of a split is written anew", "[property]") {
  const Case c;
  const Dataset data = c.read();
  const auto [train, held] = hold_out(c.read().view(), 0.1, 1);
  const auto paths = [&] {
    const auto [first, second] = hold_out(data, 0.1, 1);
    return std::vector{first.cache_file()->path, second.cache_file()->path};
  }();
  for (const std::string& path : paths) {
    const std::string intact = testing::contents(path);
    std::string flipped = intact;
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    // The other part, whole, but under a wrong name.
    const std::string other = testing::contents(path == paths[0] ? paths[1] : paths[0]);
    for (const std::string& damaged : {std::string(), intact.substr(0, intact.size() / 2), flipped, other}) {
      fs::remove(path);
      c.folder.file("cache/" + fs::path(path).filename().string(), damaged);
      const auto [mapped_train, mapped_held] = hold_out(data, 0.1, 1);
      CHECK(testing::same(mapped_train.view(), train.view()));
      CHECK(testing::same(mapped_held.view(), held.view()));
      CHECK(testing::contents(path) == intact);
    }
  }
}

TEST_CASE("where a file of a split cannot be written, both parts are copies", "[unit]") {
  const Case c;
  const Dataset data = c.read();
  std::vector<std::string> paths;
  {
    const auto [train, held] = hold_out(data, 0.1, 1);
    paths = {train.cache_file()->path, held.cache_file()->path};
  }
  for (const std::string& path : paths) {
    fs::remove(path);
    fs::create_directory(path);  // refused to every user, root included
    const auto [train, held] = hold_out(data, 0.1, 1);
    CHECK(train.pager() == nullptr);
    CHECK(held.pager() == nullptr);
    const auto [kept, out] = hold_out(data.view(), 0.1, 1);
    CHECK(testing::same(train.view(), kept.view()));
    CHECK(testing::same(held.view(), out.view()));
    fs::remove(path);
  }
}

TEST_CASE("a split with an empty part leaves no file", "[unit]") {
  const Case c;
  const Dataset data = c.read();
  CHECK(hold_out(data, 0.0001, 1).second.view().size() == 0);
  CHECK(hold_out(data, 1.0, 1).first.view().size() == 0);
  CHECK(files_in(c.options.cache_directory).size() == 1);
}

TEST_CASE("a hash of pieces is the hash of the whole", "[property]") {
  std::string bytes((std::size_t{13} << 20) + 5, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
  const std::size_t block = std::size_t{4} << 20;
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, block - 1, block, block + 1, 3 * block, bytes.size()}) {
    const Hash128 whole = content_hash(bytes.data(), size);
    for (const std::size_t piece : {std::size_t{65'537}, block / 4, block, 2 * block + 3, bytes.size()}) {
      INFO(size << " bytes in pieces of " << piece);
      ContentHasher hasher;
      for (std::size_t at = 0; at < size; at += piece) hasher.add(bytes.data() + at, std::min(piece, size - at));
      CHECK(hasher.value() == whole);
    }
  }
}
