// Name files.
#include "datasets/names.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("names are lines, whatever ends them and however they are packed", "[unit]") {
  const TemporaryFolder folder;
  const Names expected{"one thing", "", "dr\xc3\xb6le"};
  const std::string text = "one thing\n\ndr\xc3\xb6le\n";
  for (const std::string& bytes : {text, text.substr(0, text.size() - 1), std::string("one thing\r\n\r\ndr\xc3\xb6le\r\n"),
                                   testing::gzip_of(text), testing::zstd_of(text)}) {
    const auto names = read_names(folder.file("n", bytes), 3, "label");
    REQUIRE(names);
    CHECK(*names == expected);
  }
  CHECK(read_names(folder.file("n", ""), 0, "label")->empty());
}

TEST_CASE("a wrong number of names is refused", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("n", "a\nb\nc\n");
  const auto complaint = [&](std::size_t expected, const std::string& what) {
    return read_names(path, expected, what).error().message;
  };
  const std::string remedy = "; give the file that belongs to this data set, one name per line";
  CHECK(complaint(2, "label") == "'" + path + "' holds 3 label names where 2 are needed" + remedy);
  CHECK(complaint(4, "feature") == "'" + path + "' holds 3 feature names where 4 are needed" + remedy);
  CHECK(read_names(folder / "none", 1, "label").error().message ==
        "cannot read '" + folder / "none" + "': No such file or directory; check the path and its permissions");
}
