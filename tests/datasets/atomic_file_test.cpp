#include "datasets/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
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
using testing::TemporaryFolder;

/// The number of a process that is no more.
std::string dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return std::to_string(child);
}

std::set<std::string> names_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
  return names;
}

void touch(const fs::path& path) { std::ofstream(path) << "x"; }

}  // namespace

TEST_CASE("what killed writers left goes when the file is written again, and nothing else does", "[unit]") {
  const TemporaryFolder folder;
  const fs::path root = folder.path();
  const std::string dead = dead_process(), alive = std::to_string(::getpid());
  const std::set<std::string> stay = {"a.txt",
                                      "a.txt.tmp",
                                      "a.txt." + alive + "-999.tmp",
                                      "b.txt." + dead + "-0.tmp",
                                      "a.txt." + dead + ".tmp",
                                      "a.txt." + dead + "-x.tmp",
                                      "xa.txt." + dead + "-0.tmp",
                                      "a.txt." + dead + "-0.tmp.bak",
                                      "a.txt.locked." + dead + "-0.tmp"};
  for (const std::string& name : stay) touch(root / name);
  for (const char* count : {"-0", "-17"}) touch(root / ("a.txt." + dead + count + ".tmp"));
  touch(root / ("a.txt.tmp-" + dead + "-3"));
  {
    auto file = AtomicFile::create((root / "a.txt").string());
    REQUIRE(file.ok());
    REQUIRE(file->write("whole").ok());
    REQUIRE(file->commit().ok());
  }
  CHECK(names_in(root) == stay);
}

TEST_CASE("a writer that has ended counts as gone before anybody has asked for its exit status", "[unit]") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(0);
  siginfo_t info;
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);  // still listed
  const fs::path left = fs::path(folder.path()) / ("m." + std::to_string(child) + "-0.tmp");
  touch(left);
  remove_abandoned(left.string(), [](const std::string&) { return true; });
  CHECK_FALSE(fs::exists(left));
  REQUIRE(::waitpid(child, nullptr, 0) == child);
}

TEST_CASE("a temporary file that somebody has locked stays, though its process is not known here", "[unit]") {
  const TemporaryFolder folder;
  const fs::path left = fs::path(folder.path()) / ("m." + dead_process() + "-0.tmp");
  touch(left);
  const auto everything = [](const std::string&) { return true; };
  const int descriptor = ::open(left.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(::flock(descriptor, LOCK_EX | LOCK_NB) == 0);
  remove_abandoned(left.string(), everything);
  CHECK(fs::exists(left));
  ::close(descriptor);
  remove_abandoned(left.string(), everything);
  CHECK_FALSE(fs::exists(left));
}

}  // namespace glissade::datasets
