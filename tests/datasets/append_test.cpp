// Rows behind those of a data set: a copy in memory, or one more file of the cache.
#include "datasets/append.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/read.h"
#include "datasets/split.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using glissade::DatasetView;
using testing::TemporaryFolder;
namespace fs = std::filesystem;

std::string xmc_text(int rows) {
  std::string text = std::to_string(rows) + " 50 9\n";
  for (int row = 0; row < rows; ++row) {
    if (row % 3 != 0) text += std::to_string(row % 9);
    for (int j = 0; j < row % 5; ++j) text += " " + std::to_string(j * 10 + row % 10) + ":" + std::to_string(row + j) + ".5";
    text += row % 3 == 0 && row % 5 == 0 ? " \n" : "\n";
  }
  return text;
}

/// Two rows more: features 3, 4 of label 1 and feature 49 of label 8.
struct More {
  std::vector<std::uint64_t> offsets = {0, 2, 3}, label_offsets = {0, 1, 2};
  std::vector<std::uint32_t> ids = {3, 4, 49}, labels = {1, 8};
  std::vector<float> values = {0.25f, 2.f, 7.f};
  DatasetView view() const { return {50, 9, {offsets, ids, values}, {label_offsets, labels, {}}}; }
};

/// Row by row: the rows of `first`, then those of `second`.
void check_joined(const DatasetView& all, const DatasetView& first, const DatasetView& second) {
  REQUIRE(all.size() == first.size() + second.size());
  CHECK(all.feature_count == first.feature_count);
  CHECK(all.label_count == first.label_count);
  for (std::size_t row = 0; row < all.size(); ++row) {
    const DatasetView& from = row < first.size() ? first : second;
    const std::size_t at = row < first.size() ? row : row - first.size();
    CHECK(std::ranges::equal(all.features.row_ids(row), from.features.row_ids(at)));
    CHECK(std::ranges::equal(all.features.row_values(row), from.features.row_values(at)));
    CHECK(std::ranges::equal(all.labels.row_ids(row), from.labels.row_ids(at)));
  }
}

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("rows are put behind those of a data set in memory", "[unit]") {
  const TemporaryFolder folder;
  const auto data = read_dataset(folder.file("a.txt", xmc_text(100)), {.use_cache = false});
  REQUIRE(data);
  const More more;
  const Dataset joined = append_rows(*data, more.view());
  check_joined(joined.view(), data->view(), more.view());
  CHECK(joined.pager() == nullptr);
}

TEST_CASE("rows are put behind a part of larger arrays, and values of 1 are written out where the others have values", "[unit]") {
  const TemporaryFolder folder;
  const auto data = read_dataset(folder.file("a.txt", xmc_text(100)), {.use_cache = false});
  REQUIRE(data);
  DatasetView part = data->view();
  part.features.offsets = part.features.offsets.subspan(10, 21);
  part.labels.offsets = part.labels.offsets.subspan(10, 21);
  More more;
  DatasetView ones = more.view();
  ones.features.values = {};
  std::ranges::fill(more.values, 1.f);
  check_joined(append_rows(Dataset(part, nullptr), ones).view(), part, more.view());
}

TEST_CASE("rows behind a cached data set are one more file of the cache, found again by rows and values", "[unit]") {
  const TemporaryFolder folder;
  const std::string source = folder.file("a.txt", xmc_text(20'000));
  const ReadOptions options{.cache_directory = folder / "cache"};
  REQUIRE(read_dataset(source, options));
  const auto data = read_dataset(source, options);
  REQUIRE(data);
  REQUIRE(data->cache_file());
  More more;
  const Dataset joined = append_rows(*data, more.view());
  check_joined(joined.view(), data->view(), more.view());
  CHECK(joined.pager() != nullptr);
  CHECK(files_in(folder / "cache") == 2);
  check_joined(append_rows(*data, more.view()).view(), data->view(), more.view());
  CHECK(files_in(folder / "cache") == 2);
  more.values[1] = 3.f;
  check_joined(append_rows(*data, more.view()).view(), data->view(), more.view());
  CHECK(files_in(folder / "cache") == 3);
  auto [kept, held] = hold_out(*data, 0.2, 1);
  check_joined(append_rows(kept, more.view()).view(), kept.view(), more.view());
}

TEST_CASE("where the cache cannot be written, rows are put behind a copy", "[unit]") {
  const TemporaryFolder folder;
  const std::string source = folder.file("a.txt", xmc_text(300));
  const ReadOptions options{.cache_directory = folder / "cache"};
  REQUIRE(read_dataset(source, options));
  const auto data = read_dataset(source, options);
  REQUIRE(data);
  REQUIRE(data->cache_file());
  fs::remove_all(folder / "cache");
  folder.file("cache", "a file where the folder was");
  const More more;
  const Dataset joined = append_rows(*data, more.view());
  check_joined(joined.view(), data->view(), more.view());
  CHECK(joined.pager() == nullptr);
}
