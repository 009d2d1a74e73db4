#include "datasets/atomic_file.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "tests/datasets/helpers.h"

namespace glissade::datasets {
namespace {

namespace fs = std::filesystem;
using glissade::testing::dead_process;
using glissade::testing::touch;
using testing::TemporaryFolder;

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

}  // namespace

TEST_CASE("what killed writers left goes when the file is written again, and nothing else does", "[unit]") {
  const TemporaryFolder folder;
  const fs::path root = folder.path();
  const std::string dead = dead_process(), alive = std::to_string(::getpid());
  const std::set<std::string> stay = {"a.txt",
                                      "a.txt.tmp",
                                      "a.txt.tmp-" + alive + "-999",
                                      "b.txt.tmp-" + dead + "-0",
                                      "a.txt.tmp-" + dead,
                                      "a.txt.tmp-" + dead + "-x",
                                      "xa.txt.tmp-" + dead + "-0",
                                      "a.txt." + alive + "-999.tmp",
                                      "b.txt." + dead + "-0.tmp",
                                      "a.txt." + dead + ".tmp",
                                      "a.txt." + dead + "-x.tmp",
                                      "xa.txt." + dead + "-0.tmp",
                                      "a.txt." + dead + "-0.tmp.bak",
                                      "a.txt.locked." + dead + "-0.tmp"};
  for (const std::string& name : stay) touch(root / name);
  for (const char* count : {"-0", "-17"}) touch(root / ("a.txt." + dead + count + ".tmp"));
  for (const char* count : {"-0", "-3"}) touch(root / ("a.txt.tmp-" + dead + count));
  {
    auto file = AtomicFile::create((root / "a.txt").string());
    REQUIRE(file.ok());
    REQUIRE(file->write("whole").ok());
    REQUIRE(file->commit().ok());
  }
  CHECK(names_in(root) == stay);
}

}  // namespace glissade::datasets
