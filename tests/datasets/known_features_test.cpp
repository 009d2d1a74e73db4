// Rows without the features that a model does not know.
#include "datasets/known_features.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "datasets/read.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

const std::string kRows = "1 0:1 3:2 4:3 9:4\n2 5:1\n \n7 3:1 4:1\n0 9:1 1:5\n";

}  // namespace

TEST_CASE("features from a limit on are left out of a data set, labels stay", "[unit]") {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& text, bool cache) {
    auto data =
        read_dataset(folder.file("a", text), {.format = Format::libsvm, .use_cache = cache, .cache_directory = folder / "cache"});
    REQUIRE(data);
    return std::move(*data);
  };
  for (const bool cache : {false, true}) {
    Known all = with_known_features(read(kRows, cache), 10);
    CHECK(all.left_out == 0);
    CHECK(testing::same(all.data.view(), read(kRows, false).view()));
    Known some = with_known_features(read(kRows, cache), 4);
    CHECK(some.left_out == 5);
    // The 0:1 of the first row keeps the base, a last row the label count.
    const Dataset expected = read("1 0:1 3:2\n2 \n \n7 3:1\n0 1:5\n", false);
    CHECK(testing::same(some.data.view(), expected.view()));
    CHECK(with_known_features(read(kRows, cache), 0).left_out == 9);
  }
}

TEST_CASE("features from a limit on are left out in place", "[unit]") {
  std::vector<std::uint64_t> offsets = {0, 3, 3, 4, 6};
  std::vector<std::uint32_t> ids = {1, 2, 9, 8, 0, 3};
  std::vector<float> values = {1, 2, 3, 4, 5, 6};
  CHECK(drop_features(offsets, ids, values, 3) == 3);
  CHECK(offsets == std::vector<std::uint64_t>{0, 2, 2, 2, 3});
  CHECK(ids == std::vector<std::uint32_t>{1, 2, 0});
  CHECK(values == std::vector<float>{1, 2, 5});
}

TEST_CASE("labels from a limit on are counted", "[unit]") {
  const TemporaryFolder folder;
  const auto data = read_dataset(folder.file("a", kRows), {.format = Format::libsvm, .use_cache = false});
  REQUIRE(data);
  CHECK(count_labels_from(data->view(), 8) == 0);
  CHECK(count_labels_from(data->view(), 7) == 1);
  CHECK(count_labels_from(data->view(), 1) == 3);
}
