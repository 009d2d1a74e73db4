#include "system/temporary_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include <catch2/catch.hpp>

#include "tests/system/temporary_folder.h"

namespace glissade::system {
namespace {

namespace fs = std::filesystem;
using testing::dead_process;
using testing::TemporaryFolder;
using testing::touch;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a file is the old one until the new one is put in place, which keeps its permissions", "[unit]") {
  const TemporaryFolder folder;
  const std::string target = folder.file("a", "old");
  REQUIRE(::chmod(target.c_str(), 0640) == 0);
  {
    TemporaryFile file;
    REQUIRE(file.create_beside(target) == 0);
    REQUIRE(file.write_at(bytes_of("w file"), 2) == 0);
    REQUIRE(file.write_at(bytes_of("ne"), 0) == 0);
    CHECK(text_of(target) == "old");
    CHECK(files_in(folder.path()) == 2);
    REQUIRE(file.set_size(6) == 0);
    TemporaryFile owner = std::move(file);
    REQUIRE(owner.put_in_place() == 0);
  }
  CHECK(text_of(target) == "new fi");
  CHECK((fs::status(target).permissions() & fs::perms::mask) == static_cast<fs::perms>(0640));
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("a file that is not put in place leaves nothing, and a folder that is not there is an error", "[unit]") {
  const TemporaryFolder folder;
  {
    TemporaryFile file;
    REQUIRE(file.create_beside(folder / "a") == 0);
    CHECK(files_in(folder.path()) == 1);
  }
  CHECK(files_in(folder.path()) == 0);
  TemporaryFile file;
  CHECK(file.create_beside(folder / "none/a") == ENOENT);
}

TEST_CASE("a mapping keeps the bytes of a file that is replaced or removed", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a", "first");
  FileMapping mapping;
  {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(mapping.map(file.number()) == 0);
  }
  TemporaryFile next;
  REQUIRE(next.create_beside(path) == 0);
  REQUIRE(next.write_at(bytes_of("second"), 0) == 0);
  REQUIRE(next.put_in_place() == 0);
  fs::remove(path);
  const FileMapping owner = std::move(mapping);
  CHECK(owner.bytes() == "first");
  CHECK(mapping.bytes().empty());  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move): what is left is defined
  FileMapping empty;
  const std::string none = folder.file("b", "");
  CHECK(empty.map(Descriptor(::open(none.c_str(), O_RDONLY | O_CLOEXEC)).number()) == 0);
  CHECK(empty.bytes().empty());
  CHECK(empty.map(-1) == EBADF);
}

TEST_CASE("a writer that has ended counts as gone before anybody has asked for its exit status", "[unit]") {
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(0);
  siginfo_t info;
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);  // still listed
  const fs::path left = fs::path(folder.path()) / ("m.tmp-" + std::to_string(child) + "-0");
  touch(left);
  remove_abandoned(left.string(), [](const std::string&) { return true; });
  CHECK_FALSE(fs::exists(left));
  REQUIRE(::waitpid(child, nullptr, 0) == child);
}

TEST_CASE("a temporary file that somebody has locked stays, though its process is not known here", "[unit]") {
  const TemporaryFolder folder;
  const fs::path left = fs::path(folder.path()) / ("m.tmp-" + dead_process() + "-0");
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

}  // namespace glissade::system
