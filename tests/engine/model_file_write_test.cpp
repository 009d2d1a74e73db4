#include "tests/engine/model_file_test.h"

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "engine/model_file/layout.h"

namespace glissade::model_file {
namespace {

namespace fs = std::filesystem;

std::string write_text(const std::string& path, const std::string& text) {
  const Section sections[] = {{SectionKind::config, 0, bytes_of(text)}};
  const auto written = write(path, sections);
  if (written) return "";
  CHECK(written.error().kind == Error::Kind::runtime);
  CHECK(written.error().message.find('\n') == std::string::npos);
  CHECK(written.error().message.starts_with("'" + path + "' cannot be written: "));
  return written.error().message;
}

/// The whole message for a refused write.
std::string complaint(const std::string& path, const std::string& why) {
  std::string out = "'";
  return out.append(path).append("' cannot be written: ").append(why);
}

/// Files may not grow beyond `bytes` for a while: the next larger write comes back short, then fails, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int);
};

/// Rights of an ordinary user for a while, where the test runs as root, whom permissions do not stop.
class OrdinaryUser {
 public:
  OrdinaryUser() : root_(geteuid() == 0 && seteuid(65534) == 0) {}
  ~OrdinaryUser() {
    if (root_ && seteuid(0) != 0) std::abort();
  }

 private:
  bool root_;
};

TEST_CASE("model file: a write that fails half-way leaves the old file and nothing else", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  REQUIRE(write_text(path, "old").empty());
  const std::string old = get(path);
  const std::string large(100000, 'x');
  for (const rlim_t room : {0, 16, 100, 4096, 5000, 100000}) {
    std::string message;
    {
      const FileSizeLimit limit(room);
      message = write_text(path, large);
    }
    INFO(room << ": " << message);
    CHECK(message == complaint(path, "File too large (it takes 101.7 KiB); make room there or choose another folder"));
    CHECK(get(path) == old);
    CHECK(folder.entries() == 1);
  }
  CHECK(write_text(path, large).empty());
  CHECK(get(path).size() == 4096 + large.size());
}

TEST_CASE("model file: missing folder, folder as target, no name, not a file", "[unit]") {
  const TemporaryFolder folder;
  const std::string missing = folder.file("none/m.glsd");
  CHECK(write_text(missing, "x") == complaint(missing, "there is no folder '" + folder.file("none") + "'; create it first"));
  CHECK(write_text(folder.path(), "x") == complaint(folder.path(), "it is a folder; give the name of a file"));
  CHECK(write_text("", "x") == complaint("", "the file name is empty"));
  CHECK(write_text("/dev/null", "x") == complaint("/dev/null", "it exists and is not a regular file"));
  CHECK(fs::is_character_file("/dev/null"));
  put(folder.file("plain"), "text");
  CHECK(write_text(folder.file("plain/m"), "x").find("there is no folder") != std::string::npos);
  CHECK(write_text(folder.file(std::string(300, 'n')), "x").find("File name too long") != std::string::npos);
  CHECK(folder.entries() == 1);
}

TEST_CASE("model file: an unwritable folder", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  fs::permissions(folder.path(), fs::perms(0555));
  std::string message;
  {
    const OrdinaryUser user;
    message = write_text(path, "x");
  }
  fs::permissions(folder.path(), fs::perms(0755));
  CHECK(message == complaint(path, "Permission denied; choose a folder that you may write to"));
  CHECK(folder.entries() == 0);
}

TEST_CASE("model file: a write-protected file is not replaced", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  put(path, "precious");
  fs::permissions(path, fs::perms(0444));
  if (::access(path.c_str(), W_OK) == 0) return;  // root: may write to anything, and asked for it
  CHECK(write_text(path, "x").find("write-protected") != std::string::npos);
  CHECK(get(path) == "precious");
}

TEST_CASE("model file: replacing keeps permissions and a symbolic link", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  put(path, "old");
  fs::permissions(path, fs::perms(0640));
  fs::create_symlink("m.glsd", folder.file("link"));
  REQUIRE(write_text(folder.file("link"), "new").empty());
  CHECK(fs::is_symlink(folder.file("link")));
  CHECK(refusal(path).empty());
  CHECK(fs::status(path).permissions() == fs::perms(0640));
  CHECK(folder.entries() == 2);
}

TEST_CASE("model file: a mapped file stays readable while it is replaced", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  REQUIRE(write_text(path, "first").empty());
  const auto reader = Reader::open(path);
  REQUIRE(reader.ok());
  REQUIRE(write_text(path, "second").empty());
  CHECK(text_of(reader->bytes(SectionKind::config)) == "first");
  CHECK(text_of(Reader::open(path)->bytes(SectionKind::config)) == "second");
}

TEST_CASE("model file: readers beside writers see one whole file or another", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  REQUIRE(write_text(path, std::string(20000, 'a')).empty());
  std::atomic<int> failures{0};
  std::vector<std::thread> writers;
  for (const char c : {'b', 'c'}) {
    writers.emplace_back([&, c] {
      const std::string text(20000, c);
      const Section sections[] = {{SectionKind::config, 0, bytes_of(text)}};
      for (int i = 0; i < 20; ++i) failures += write(path, sections) ? 0 : 1;
    });
  }
  for (int i = 0; i < 200; ++i) {
    const auto reader = Reader::open(path);
    if (!reader || reader->bytes(SectionKind::config).size() != 20000) ++failures;
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(failures == 0);
  CHECK(folder.entries() == 1);
}

}  // namespace
}  // namespace glissade::model_file
