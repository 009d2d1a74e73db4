// What is written is read back bit for bit, and a file appears whole or not at all.
#include "datasets/write.h"

#include <sys/resource.h>

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "datasets/read.h"
#include "hashing/seeds.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using glissade::hashing::Random;
using testing::TemporaryFolder;

/// Any finite values, rows of any size, some without labels or features.
Dataset random_dataset(std::size_t rows) {
  Random random(5);
  Dataset::Arrays arrays{.feature_count = 5000, .label_count = 300, .feature_offsets = {0}, .label_offsets = {0}};
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::uint64_t id = random.below(2000); id < 5000 && random.below(10) != 0; id += 1 + random.below(900)) {
      float value = 0;
      do {
        value = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
      } while (!std::isfinite(value));
      arrays.feature_ids.push_back(static_cast<std::uint32_t>(id));
      arrays.feature_values.push_back(value);
    }
    for (std::uint64_t id = random.below(200); id < 300 && random.below(3) != 0; id += 1 + random.below(99)) {
      arrays.label_ids.push_back(static_cast<std::uint32_t>(id));
    }
    arrays.feature_offsets.push_back(arrays.feature_ids.size());
    arrays.label_offsets.push_back(arrays.label_ids.size());
  }
  return Dataset(std::move(arrays));
}

Dataset small(float value) {
  return Dataset(Dataset::Arrays{.feature_count = 9,
                                 .label_count = 4,
                                 .feature_offsets = {0, 2, 2, 3},
                                 .feature_ids = {0, 8, 3},
                                 .feature_values = {0.5f, value, -1e-20f},
                                 .label_offsets = {0, 2, 3, 3},
                                 .label_ids = {1, 3, 2}});
}

}  // namespace

TEST_CASE("the text is as the formats say", "[unit]") {
  const TemporaryFolder folder;
  const Dataset data = small(7);
  const auto report = write_dataset(data.view(), folder / "x.txt");
  REQUIRE(report);
  const std::string xmc = "3 9 4\n1,3 0:0.5 8:7\n2 \n 3:-1e-20\n";
  CHECK(testing::contents(folder / "x.txt") == xmc);
  CHECK(report->text_bytes == xmc.size());
  CHECK(report->file_bytes == xmc.size());
  REQUIRE(write_dataset(data.view(), folder / "s.txt", Format::libsvm));
  CHECK(testing::contents(folder / "s.txt") == "1,3 1:0.5 9:7\n2 \n 4:-1e-20\n");
  glissade::DatasetView ones = data.view();
  ones.features.values = {};
  REQUIRE(write_dataset(ones, folder / "x.txt"));
  CHECK(testing::contents(folder / "x.txt") == "3 9 4\n1,3 0:1 8:1\n2 \n 3:1\n");
  CHECK(folder.entries() == 2);
}

TEST_CASE("a data set comes back bit for bit, plain and compressed", "[property]") {
  const TemporaryFolder folder;
  const Dataset data = random_dataset(3000);
  for (const std::string name : {"a.txt", "a.txt.gz", "a.txt.zst"}) {
    const auto report = write_dataset(data.view(), folder / name);
    REQUIRE(report);
    CHECK(report->file_bytes == std::filesystem::file_size(folder / name));
    CHECK((name == "a.txt") == (report->file_bytes == report->text_bytes));
    const auto back = read_dataset(folder / name, {.use_cache = false});
    INFO((back ? "" : back.error().message));
    REQUIRE(back);
    CHECK(testing::same(data.view(), back->view()));
  }
  REQUIRE(write_dataset(data.view(), folder / "a.svm.zst", Format::libsvm));
  const auto back = read_dataset(folder / "a.svm.zst", {.format = Format::libsvm, .use_cache = false, .id_base = IdBase::one});
  REQUIRE(back);
  CHECK(testing::same(data.view().labels, back->view().labels));
  CHECK(testing::same(data.view().features, back->view().features));
}

TEST_CASE("what cannot be written leaves nothing behind", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("x.txt", "before");
  const auto nan = write_dataset(small(std::numeric_limits<float>::quiet_NaN()).view(), path);
  REQUIRE_FALSE(nan.ok());
  CHECK(nan.error().message == "sample 0 cannot be written: the value nan of feature 8 is not finite; correct the data");
  CHECK(testing::contents(path) == "before");
  CHECK(folder.entries() == 1);
  const std::string remedy = "; check the folder, its permissions and the free space";
  CHECK(write_dataset(small(1).view(), folder / "none/x.txt").error().message ==
        "cannot write '" + folder / "none/x.txt" + "': No such file or directory" + remedy);
  CHECK(write_dataset(small(1).view(), folder.path()).error().message ==
        "cannot write '" + folder.path() + "': Is a directory" + remedy);
}

TEST_CASE("a full disk is an error and leaves no file", "[unit]") {
  // A limit on the size of files stands in for the full disk; the signal that comes with it is ignored as a long-running program
  // would.
  const TemporaryFolder folder;
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limited = before;
  limited.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &limited);
  const auto result = write_dataset(random_dataset(2000).view(), folder / "x.txt");
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().message ==
        "cannot write '" + folder / "x.txt" + "': File too large; check the folder, its permissions and the free space");
  CHECK(folder.entries() == 0);
}
