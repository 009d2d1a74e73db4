// Which label is which feature: the file of the option --same-things.
#include "datasets/same_things.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

constexpr std::uint32_t kNone = 0xffffffffu;

}  // namespace

TEST_CASE("a table of same things is by feature", "[unit]") {
  const TemporaryFolder folder;
  const auto table = read_same_things(folder.file("s", "# label feature\n2 0\r\n\n0\t3\n"), 3, 5);
  REQUIRE(table.ok());
  CHECK(*table == std::vector<std::uint32_t>{2, kNone, kNone, 0, kNone});
}

TEST_CASE("a table of same things that is none is refused", "[unit]") {
  const TemporaryFolder folder;
  const auto complaint = [&](const std::string& text) { return read_same_things(folder.file("s", text), 3, 5).error().message; };
  const std::string file = "'" + folder / "s" + "'";
  const auto no_pair = [&](const std::string& line) {
    return file + ":2: '" + line + "' is no pair of a label and a feature; give two ids from 0, as '12 40'";
  };
  for (const std::string line : {"1", "1 ", "1 x", "x 1", "1  2", "1 2 ", "1,2", "-1 2", "1 99999999999999999999"})
    CHECK(complaint("0 0\n" + line + "\n") == no_pair(line));
  CHECK(complaint("3 0\n") == file + ":1: label 3 of 3 labels; give ids from 0");
  CHECK(complaint("0 5\n") == file + ":1: feature 5 of 5 features; give ids from 0");
  CHECK(complaint("0 1\n0 2\n") == file + ":2: label 0 stands twice; give each label once");
  CHECK(complaint("0 1\n2 1\n") == file + ":2: feature 1 stands twice; give each feature once");
  CHECK(complaint("# none\n") == file + " holds no pair of a label and a feature; give one per line, as '12 40'");
}
