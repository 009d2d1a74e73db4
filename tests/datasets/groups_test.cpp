// Groups of sibling rows: read, and held out whole.
#include "datasets/groups.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "datasets/split.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

}  // namespace

TEST_CASE("rows with the same text are one group, rows with an empty line are alone", "[unit]") {
  const TemporaryFolder folder;
  const auto groups = read_groups(folder.file("g", "basket 7\r\n12\n\nbasket 7\n\n12\n12 \n"), 7, "t.txt").value();
  REQUIRE(groups.size() == 7);
  CHECK(groups[0] == groups[3]);
  CHECK(groups[1] == groups[5]);
  CHECK(std::set<std::uint64_t>(groups.begin(), groups.end()).size() == 5);
}

TEST_CASE("a wrong number of groups is refused", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("g", "a\nb\n");
  CHECK(read_groups(path, 3, "t.txt").error().message ==
        "'" + path + "' holds 2 groups where 't.txt' has 3 rows; give one group per row, one per line");
  CHECK(read_groups(path, 1, "t.txt").error().message ==
        "'" + path + "' holds 2 groups where 't.txt' has 1 rows; give one group per row, one per line");
  CHECK(read_groups(folder / "none", 1, "t.txt").error().message ==
        "cannot read '" + folder / "none" + "': No such file or directory; check the path and its permissions");
}

TEST_CASE("whole groups are held out, as many rows as asked for", "[unit]") {
  std::vector<std::uint64_t> groups;
  for (std::uint64_t row = 0; row < 5000; ++row) groups.push_back(row * 7919 % 1000);
  for (const double share : {0.0, 0.01, 0.1, 0.5, 1.0}) {
    const std::vector<bool> held = held_out_rows(groups.size(), share, 3, groups);
    std::map<std::uint64_t, int> of_group;
    for (std::size_t row = 0; row < groups.size(); ++row) of_group[groups[row]] += held[row];
    for (const auto& [group, rows] : of_group) CHECK(rows % 5 == 0);
    CHECK(std::ranges::count(held, true) == static_cast<int>(share * 5000));
    CHECK(held == held_out_rows(groups.size(), share, 3, groups));
  }
  CHECK(held_out_rows(groups.size(), 0.1, 3, groups) != held_out_rows(groups.size(), 0.1, 4, groups));
}

TEST_CASE("a group that is too large to be near the share is not held out", "[unit]") {
  // 90 rows in one group, ten alone: a tenth is ten rows, whatever is drawn first.
  std::vector<std::uint64_t> groups(100, 1000);
  for (std::uint64_t row = 0; row < 10; ++row) groups[row] = row;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::vector<bool> held = held_out_rows(100, 0.1, seed, groups);
    CHECK_FALSE(held[50]);
    CHECK(std::ranges::count(held, true) == 10);
  }
}
