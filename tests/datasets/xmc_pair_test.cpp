#include "datasets/xmc_pair.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "datasets/read.h"
#include "tests/datasets/archives.h"
#include "tests/datasets/helpers.h"

namespace glissade::datasets {
namespace {

constexpr const char* kFeatures = "3 4\n0:1 3:0.5\n\n2:2\n";
constexpr const char* kLabels = "3 5\n4:1 1:1\n0:1\n3:0 2:1\n";

}  // namespace

TEST_CASE("A file of features has its labels in the file beside it", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("trn_X_Xf.txt", kFeatures);
  const std::string labels = folder.file("trn_X_Y.txt", kLabels);
  for (const bool cached : {false, false, true}) {
    ReadReport report;
    const auto data = read_dataset(path, {.use_cache = cached, .cache_directory = cached ? folder / "cache" : ""}, &report);
    REQUIRE(data);
    CHECK(report.labels_path == labels);
    const DatasetView& view = data->view();
    CHECK(view.size() == 3);
    CHECK(view.feature_count == 4);
    CHECK(view.label_count == 5);
    const auto of = [](std::span<const std::uint32_t> ids) { return std::vector<std::uint32_t>(ids.begin(), ids.end()); };
    CHECK(of(view.labels.row_ids(0)) == std::vector<std::uint32_t>{1, 4});
    CHECK(of(view.labels.row_ids(1)) == std::vector<std::uint32_t>{0});
    CHECK(of(view.labels.row_ids(2)) == std::vector<std::uint32_t>{2});  // a label of value 0 is none
    CHECK(of(view.features.row_ids(0)) == std::vector<std::uint32_t>{0, 3});
    CHECK(view.features.row_ids(1).empty());
    CHECK(view.features.row_values(2)[0] == 2);
  }
}

TEST_CASE("The binary copy of a pair depends on both files", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("trn_X_Xf.txt", kFeatures);
  const ReadOptions options{.cache_directory = folder / "cache"};
  folder.file("trn_X_Y.txt", kLabels);
  REQUIRE(read_dataset(path, options));
  ReadReport report;
  REQUIRE(read_dataset(path, options, &report));
  CHECK(report.from_cache);
  folder.file("trn_X_Y.txt", "3 5\n4:1\n0:1\n3:1\n");
  const auto changed = read_dataset(path, options, &report);
  REQUIRE(changed);
  CHECK(!report.from_cache);
  CHECK(changed->view().labels.ids.size() == 3);
}

TEST_CASE("Pairs may be packed, each for itself", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a_X_Xf.txt", kFeatures);
  folder.file("a_X_Y.txt.gz", testing::packed_by("gzip", kLabels));
  const auto data = read_dataset(path, {.use_cache = false});
  REQUIRE(data);
  CHECK(data->view().labels.ids.size() == 4);
  CHECK(labels_beside(folder / "b_X_Xf.txt").empty());
  CHECK(labels_beside(folder / "a_X_Y.txt").empty());
}

TEST_CASE("What is wrong with a pair is told of the right file", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("t_X_Xf.txt", kFeatures);
  const auto complaint_of = [&](const char* labels) {
    const std::string labels_path = folder.file("t_X_Y.txt", labels);
    const auto data = read_dataset(path, {.use_cache = false});
    REQUIRE(!data);
    return data.error().message;
  };
  CHECK(complaint_of("2 5\n0:1\n1:1\n") ==
        "'" + folder / "t_X_Y.txt" + "' has 2 rows, and '" + path + "' has 3; give files of the same rows");
  CHECK(complaint_of("3 5\n0:1\n9:1\n1:1\n").starts_with("'" + folder / "t_X_Y.txt" + "':3: "));
  CHECK(complaint_of("3 5 6\n0:1\n0:1\n1:1\n") ==
        "'" + folder / "t_X_Y.txt" + "':1: '3 5 6' is not the header of one file of a pair; start it with 'samples columns'");
  const std::string alone = folder.file("alone.txt", kFeatures);
  const auto data = read_dataset(alone, {.use_cache = false});
  REQUIRE(!data);
  CHECK(data.error().message ==
        "'" + alone +
            "':1: '3 4' has two numbers, like one file of a pair; call the file of features NAME_X_Xf.txt, put that of labels, "
            "NAME_X_Y.txt, beside it, and give the first");
}

}  // namespace glissade::datasets
