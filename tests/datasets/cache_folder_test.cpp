// The folder of the binary cache: what is in it, and what is removed.
#include "datasets/cache_folder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/cache_limit.h"
#include "datasets/read.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

constexpr double kDay = 86400;

/// A cache of three files that were used 1, 3 and 10 days ago, and a file that is none.
struct Folder {
  Folder() {
    for (const int days : {3, 10, 1}) {
      const std::string name = std::to_string(days);
      const std::string source = folder.file(name + ".txt", "1 " + name + " 2\n0,1 0:" + name + "\n");
      REQUIRE(read_dataset(source, {.cache_directory = cache}, nullptr));
      for (const CachedFile& file : files()) {
        if (summarise_cache(file.path)->source == source) set_age(file.path, days * kDay);
      }
    }
    folder.file("cache/notes.txt", "mine");
  }
  static void set_age(const std::string& path, double seconds) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= static_cast<time_t>(seconds);
    const timespec times[2] = {now, now};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  }
  std::vector<CachedFile> files() const { return *cached_files(cache); }
  /// Days of those that are there, the ones used last first.
  std::vector<std::string> left() const {
    std::vector<std::string> out;
    for (const CachedFile& file : files()) {
      const auto summary = summarise_cache(file.path);
      out.push_back(summary ? std::filesystem::path(summary->source).stem().string() : "none");
    }
    return out;
  }
  TemporaryFolder folder;
  std::string cache = folder / "cache";
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("cache files are listed, those used last first, with what they hold", "[unit]") {
  const Folder f;
  CHECK(f.left() == Names{"1", "3", "10"});
  const auto files = cached_files(f.cache);
  CHECK((*files)[2].idle_seconds == Approx(10 * kDay).margin(100));
  CHECK((*files)[2].bytes == std::filesystem::file_size((*files)[2].path));
  const auto summary = summarise_cache((*files)[2].path);
  REQUIRE(summary);
  CHECK(summary->rows == 1);
  CHECK(summary->feature_count == 10);
  CHECK(summary->label_count == 2);
  CHECK(summary->source == f.folder / "10.txt");
  // The path behind the rows does no harm to them.
  glissade::datasets::ReadReport report;
  REQUIRE(read_dataset(f.folder / "10.txt", {.cache_directory = f.cache}, &report));
  CHECK(report.from_cache);
  // That was a use of it.
  CHECK(f.left() == Names{"10", "1", "3"});
}

TEST_CASE("a cache folder that is not there holds nothing", "[unit]") {
  const TemporaryFolder folder;
  CHECK(cached_files(folder / "none")->empty());
  CHECK(clear_cache(folder / "none", {})->removed_files == 0);
  const std::string file = folder.file("file", "");
  CHECK_FALSE(cached_files(file).ok());
}

TEST_CASE("a cache is cleared of all its files and of nothing else", "[unit]") {
  const Folder f;
  f.folder.file("cache/0123456789abcdef0123456789abcdef.glsc.tmp-1-1", "left");
  f.folder.file("cache/0123456789abcdef0123456789abcdef.glsc.mine", "kept");
  const auto cleared = clear_cache(f.cache, {});
  REQUIRE(cleared);
  CHECK(cleared->removed_files == 4);
  CHECK(cleared->kept_files == 0);
  CHECK(f.left().empty());
  CHECK(std::filesystem::exists(f.cache + "/notes.txt"));
  CHECK(std::filesystem::exists(f.cache + "/0123456789abcdef0123456789abcdef.glsc.mine"));
}

TEST_CASE("a cache is cleared of what was not used for long", "[unit]") {
  const Folder f;
  CHECK(clear_cache(f.cache, {.idle_seconds = 3.5 * kDay})->removed_files == 1);
  CHECK(f.left() == Names{"1", "3"});
  CHECK(clear_cache(f.cache, {.idle_seconds = 0.0})->removed_files == 2);
}

TEST_CASE("a cache is cleared down to a size, of what was used longest ago", "[unit]") {
  const Folder f;
  const auto files = *cached_files(f.cache);
  const auto cleared = clear_cache(f.cache, {.bytes = files[0].bytes + files[1].bytes});
  CHECK(cleared->removed_bytes == files[2].bytes);
  CHECK(cleared->kept_bytes == files[0].bytes + files[1].bytes);
  CHECK(f.left() == Names{"1", "3"});
  CHECK(clear_cache(f.cache, {.idle_seconds = 2 * kDay, .bytes = files[0].bytes + files[1].bytes})->kept_files == 1);
  CHECK(clear_cache(f.cache, {.bytes = files[0].bytes - 1})->kept_files == 0);
}

TEST_CASE("a damaged cache file has no summary", "[unit]") {
  const Folder f;
  const std::string path = (*cached_files(f.cache))[0].path;
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  CHECK_FALSE(summarise_cache(path));
  std::filesystem::resize_file(path, 100);
  CHECK_FALSE(summarise_cache(path));
  CHECK_FALSE(summarise_cache(f.folder / "none"));
}

TEST_CASE("a limit is kept by removing what was used longest ago, never what was just written", "[unit]") {
  const Folder f;
  const auto files = *cached_files(f.cache);  // of 1, 3 and 10 days ago
  const auto kept = keep_within(f.cache, files[0].bytes + files[2].bytes, {files[2].path});
  REQUIRE(kept);
  CHECK(kept->removed_files == 1);
  CHECK(kept->kept_bytes == files[0].bytes + files[2].bytes);
  CHECK(f.left() == Names{"1", "10"});
  CHECK(keep_within(f.cache, 1, {files[2].path})->removed_files == 1);
  CHECK(f.left() == Names{"10"});
  CHECK(keep_within(f.cache, files[2].bytes, {})->removed_files == 0);
}

TEST_CASE("the limit of the environment is a size", "[unit]") {
  const auto limit_of = [](const char* text) {
    ::setenv("GLISSADE_CACHE_LIMIT", text, 1);
    auto limit = cache_limit();
    ::unsetenv("GLISSADE_CACHE_LIMIT");
    return limit;
  };
  ::unsetenv("GLISSADE_CACHE_LIMIT");
  CHECK_FALSE(cache_limit()->has_value());
  CHECK_FALSE(limit_of("")->has_value());
  CHECK(**limit_of("20G") == 20'000'000'000);
  CHECK(**limit_of("1.5k") == 1500);
  CHECK(**limit_of("2M") == 2'000'000);
  CHECK(**limit_of("1T") == 1'000'000'000'000);
  CHECK(**limit_of("7") == 7);
  for (const char* text : {"20X", "G", "-3G", "0", "1GB", "20 G", "1e99", "nan", "inf", "9999999T"}) {
    INFO(text);
    const auto refused = limit_of(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == std::string("environment variable GLISSADE_CACHE_LIMIT: '") + text +
                                         "' is no size; give a number above 0 with k, M, G or T behind it, such as 20G, or "
                                         "leave it unset");
  }
}
