// The binary cache: hit, miss, damage, other writers, no place to write.
#include "datasets/cache.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "datasets/read.h"
#include "hashing/seeds.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

const std::string kText = "3 10 5\n0,4 1:0.5 9:-2\n2 0:1e-3 3:.25\n \n";

struct Case {
  TemporaryFolder folder;
  std::string source = folder.file("a.txt", kText);
  ReadOptions options{.cache_directory = folder / "deep/cache"};

  Dataset read(bool& from_cache) const {
    ReadReport report;
    auto data = read_dataset(source, options, &report);
    REQUIRE(data);
    from_cache = report.from_cache;
    return std::move(*data);
  }
  /// The only file in the cache.
  std::string cached() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(options.cache_directory)) files.push_back(entry.path().string());
    REQUIRE(files.size() == 1);
    return files.front();
  }
};

}  // namespace

TEST_CASE("the second read comes from the cache and is the same", "[unit]") {
  const Case c;
  bool from_cache = true;
  const Dataset parsed = c.read(from_cache);
  CHECK_FALSE(from_cache);
  const Dataset loaded = c.read(from_cache);
  CHECK(from_cache);
  CHECK(testing::same(parsed.view(), loaded.view()));
  CHECK(c.cached().ends_with(".glsc"));
  // By content, not by name; and a mapped data set outlives the move and its file.
  const std::string copy = c.folder.file("b.txt", kText);
  ReadReport report;
  auto other = read_dataset(copy, c.options, &report);
  REQUIRE(other);
  CHECK(report.from_cache);
  CHECK(report.text_bytes == 0);
  CHECK(report.file_bytes == kText.size());
  const Dataset moved = std::move(*other);
  std::filesystem::remove(c.cached());
  CHECK(testing::same(parsed.view(), moved.view()));
}

TEST_CASE("other contents, another format or another base of ids miss", "[unit]") {
  const TemporaryFolder folder;
  const ReadOptions xmc{.cache_directory = folder / "cache"};
  const std::string text = "0 1:1\n1 2:1\n";
  const auto key = [&](std::string_view raw, Format format, IdBase base) {
    return cache_key(raw, {.format = format, .id_base = base});
  };
  CHECK_FALSE(key(text, Format::libsvm, IdBase::detect) == key(text + "\n", Format::libsvm, IdBase::detect));
  CHECK_FALSE(key(text, Format::libsvm, IdBase::detect) == key(text, Format::xmc, IdBase::detect));
  CHECK_FALSE(key(text, Format::libsvm, IdBase::detect) == key(text, Format::libsvm, IdBase::zero));
  CHECK(key(text, Format::xmc, IdBase::detect) == key(text, Format::xmc, IdBase::zero));
}

TEST_CASE("the cache directory comes from the options, then the environment", "[unit]") {
  CHECK(cache_directory({.cache_directory = "/x"}) == "/x");
  const auto with = [](const char* own, const char* xdg, const char* home) {
    const auto set = [](const char* name, const char* value) { value != nullptr ? setenv(name, value, 1) : unsetenv(name); };
    set("GLISSADE_CACHE", own);
    set("XDG_CACHE_HOME", xdg);
    set("HOME", home);
    return cache_directory({});
  };
  const auto saved = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  const std::string own = saved("GLISSADE_CACHE"), xdg = saved("XDG_CACHE_HOME"), home = saved("HOME");
  CHECK(with("/own", "/xdg", "/home") == "/own");
  CHECK(with(nullptr, "/xdg", "/home") == "/xdg/glissade");
  CHECK(with(nullptr, "", "/home") == "/home/.cache/glissade");
  CHECK(with(nullptr, nullptr, nullptr).empty());
  with(own.c_str(), xdg.c_str(), home.c_str());
}

TEST_CASE("a bad file is not cached", "[unit]") {
  const Case c;
  c.folder.file("a.txt", "3 10 5\n0,4 1:x\n");
  CHECK_FALSE(read_dataset(c.source, c.options));
  CHECK_FALSE(std::filesystem::exists(c.options.cache_directory));
}

TEST_CASE("any damage to a cache file is noticed and repaired", "[property]") {
  const Case c;
  bool from_cache = false;
  const Dataset parsed = c.read(from_cache);
  const std::string path = c.cached();
  const std::string intact = testing::contents(path);
  const auto damaged_read = [&](const std::string& damaged) {
    std::filesystem::remove(path);  // what was read is mapped from it: another file takes its place, as a writer would have it
    c.folder.file("deep/cache/" + std::filesystem::path(path).filename().string(), damaged);
    const Dataset again = c.read(from_cache);
    CHECK_FALSE(from_cache);
    CHECK(testing::same(parsed.view(), again.view()));
    CHECK(testing::contents(path) == intact);
  };
  const auto damaged_load = [&](const std::string& damaged) {
    c.folder.file("x", damaged);
    return load_cache(c.folder / "x", cache_key(kText, c.options)).has_value();
  };
  CHECK(damaged_load(intact));
  for (std::size_t size = 0; size < intact.size(); size += 7) CHECK_FALSE(damaged_load(intact.substr(0, size)));
  CHECK_FALSE(damaged_load(intact + std::string(64, '\0')));
  // Every byte counts except the zeros that align the sections.
  std::size_t unnoticed = 0;
  for (std::size_t at = 0; at < intact.size(); ++at) {
    std::string damaged = intact;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    if (damaged_load(damaged)) {
      CHECK(intact[at] == 0);
      ++unnoticed;
    }
  }
  CHECK(unnoticed < 5 * 64);
  damaged_read("");
  damaged_read(intact.substr(0, intact.size() / 2));
  std::string flipped = intact;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  damaged_read(flipped);
}

TEST_CASE("a cache file for another key is not taken", "[unit]") {
  const Case c;
  bool from_cache = false;
  c.read(from_cache);
  CHECK(load_cache(c.cached(), cache_key(kText, c.options)).has_value());
  CHECK_FALSE(load_cache(c.cached(), cache_key("other", c.options)).has_value());
}

TEST_CASE("many readers may fill the cache at once", "[unit]") {
  const Case c;
  std::vector<std::thread> threads;
  std::vector<int> sizes(8);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 5; ++repeat) {
        const auto data = read_dataset(c.source, c.options);
        sizes[i] += data ? static_cast<int>(data->view().size()) : 1000;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const int size : sizes) CHECK(size == 15);
  bool from_cache = false;
  c.read(from_cache);
  CHECK(from_cache);
  CHECK(c.cached().ends_with(".glsc"));
}

TEST_CASE("a cache that cannot be written does not matter", "[unit]") {
  Case c;
  // A file where the directory should be: refused to every user, root included.
  c.options.cache_directory = c.folder.file("occupied", "x") + "/cache";
  bool from_cache = true;
  CHECK(c.read(from_cache).view().size() == 3);
  CHECK_FALSE(from_cache);
  CHECK(testing::contents(c.folder / "occupied") == "x");
  const auto stored = store_cache(c.options.cache_directory + "/k.glsc", {}, c.read(from_cache).view(), {});
  REQUIRE_FALSE(stored.ok());
  CHECK(stored.error().message == "cannot write '" + c.options.cache_directory +
                                      "/k.glsc': Not a directory; check the folder, its permissions and the free space");
}

TEST_CASE("an empty data set can be cached", "[unit]") {
  const Case c;
  c.folder.file("a.txt", "0 7 8\n");
  bool from_cache = false;
  c.read(from_cache);
  const Dataset loaded = c.read(from_cache);
  CHECK(from_cache);
  CHECK(loaded.view().size() == 0);
  CHECK(loaded.view().label_count == 8);
}
