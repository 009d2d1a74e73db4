// Files: plain and compressed, missing, damaged, too large; pipes.
#include "datasets/read.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "datasets/memory.h"
#include "tests/datasets/archives.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

const ReadOptions kNoCache{.use_cache = false};
const std::string kText = "2 10 5\n0,4 1:0.5 9:-2\n2 0:1e-3 3:.25\n";

std::string complaint(const std::string& path, const ReadOptions& options = kNoCache) {
  const auto result = read_dataset(path, options);
  return result ? "accepted" : result.error().message;
}

}  // namespace

TEST_CASE("compression is told by content, and gives the same data set", "[unit]") {
  const TemporaryFolder folder;
  const auto plain = read_dataset(folder.file("a.txt", kText), kNoCache);
  REQUIRE(plain);
  CHECK(plain->view().size() == 2);
  const std::string first = kText.substr(0, 15);
  const std::string second = kText.substr(15);
  for (const std::string& packed :
       {testing::gzip_of(kText), testing::zstd_of(kText), testing::gzip_of(first) + testing::gzip_of(second),
        testing::zstd_of(first) + testing::zstd_of(second), testing::gzip_of(kText) + std::string(512, '\0'),
        testing::packed_by("bzip2", kText), testing::packed_by("bzip2", first) + testing::packed_by("bzip2", second),
        testing::packed_by("xz", kText), testing::packed_by("xz", first) + testing::packed_by("xz", second),
        // A frame that readers skip, as parallel compressors write them.
        "\x50\x2a\x4d\x18\x02" + std::string(3, '\0') + "xx" + testing::zstd_of(kText)}) {
    ReadReport report;
    const auto unpacked = read_dataset(folder.file("name-says-nothing.txt", packed), kNoCache, &report);
    REQUIRE(unpacked);
    CHECK(testing::same(plain->view(), unpacked->view()));
    CHECK(report.file_bytes == packed.size());
    CHECK(report.text_bytes == kText.size());
    CHECK_FALSE(report.from_cache);
  }
}

TEST_CASE("a large text survives compression", "[unit]") {
  const TemporaryFolder folder;
  std::string text = "60000 1000 10\n";
  for (int i = 0; i < 60'000; ++i)
    text += std::to_string(i % 10) + " " + std::to_string(i % 999) + ":0." + std::to_string(i) + " 999:3\n";
  const auto plain = read_dataset(folder.file("plain", text), kNoCache);
  INFO((plain ? "" : plain.error().message));
  REQUIRE(plain);
  for (const std::string& packed :
       {testing::gzip_of(text), testing::zstd_of(text), testing::packed_by("bzip2", text), testing::packed_by("xz", text)}) {
    const auto unpacked = read_dataset(folder.file("packed", packed), kNoCache);
    REQUIRE(unpacked);
    CHECK(testing::same(plain->view(), unpacked->view()));
  }
}

TEST_CASE("what cannot be opened is named with the reason", "[unit]") {
  const TemporaryFolder folder;
  CHECK(complaint(folder / "none") ==
        "cannot read '" + folder / "none" + "': No such file or directory; check the path and its permissions");
  CHECK(complaint(folder.path()) == "'" + folder.path() + "' is a directory; name a file in it");
  CHECK(complaint(folder.file("empty", "")) == "'" + folder / "empty" + "' is empty; give a file with samples");
  CHECK(complaint(folder.file("empty.gz", testing::gzip_of(""))) ==
        "'" + folder / "empty.gz" + "' is empty; give a file with samples");
  for (const char* kind : {"bzip2", "xz"})
    CHECK(complaint(folder.file("empty", testing::packed_by(kind, ""))) ==
          "'" + folder / "empty" + "' is empty; give a file with samples");
}

TEST_CASE("truncated and damaged compressed files are refused", "[unit]") {
  const TemporaryFolder folder;
  const std::string remedy = "; fetch or compress the file again";
  const std::string gz = testing::gzip_of(kText);
  const std::string zst = testing::zstd_of(kText);
  const std::string path = folder / "f";
  const auto of = [&](const std::string& bytes) { return complaint(folder.file("f", bytes)); };
  CHECK(of(gz.substr(0, gz.size() - 3)) == "'" + path + "' is not intact gzip data (the file ends too early)" + remedy);
  CHECK(of(gz.substr(0, 5)) == "'" + path + "' is not intact gzip data (the file ends too early)" + remedy);
  CHECK(of(zst.substr(0, zst.size() - 3)) == "'" + path + "' is not intact Zstandard data (the file ends too early)" + remedy);
  CHECK(of(zst.substr(0, 4)) == "'" + path + "' is not intact Zstandard data (the file ends too early)" + remedy);
  CHECK(of(gz + "garbage") == "'" + path + "' is not intact gzip data (incorrect header check)" + remedy);
  CHECK(of(zst + "garbage") == "'" + path + "' is not intact Zstandard data (Unknown frame descriptor)" + remedy);
  std::string wrong_sum = gz;
  wrong_sum[gz.size() - 6] = static_cast<char>(wrong_sum[gz.size() - 6] ^ 1);
  CHECK(of(wrong_sum) == "'" + path + "' is not intact gzip data (incorrect data check)" + remedy);
}

TEST_CASE("truncated and damaged bzip2 and xz files are refused", "[unit]") {
  const TemporaryFolder folder;
  const auto of = [&](const std::string& bytes) {
    const std::string message = complaint(folder.file("f", bytes));
    return message.substr(std::min(message.size(), folder.path().size() + 2));
  };
  const std::string remedy = "; fetch or compress the file again";
  for (const std::string kind : {"bzip2", "xz"}) {
    const std::string good = testing::packed_by(kind.c_str(), kText);
    const std::string not_intact = "f' is not intact " + kind + " data (";
    for (const std::size_t cut : {good.size() - 1, good.size() / 2, std::size_t{9}})
      CHECK(of(good.substr(0, cut)) == not_intact + "the file ends too early)" + remedy);
    std::string damaged = good;
    damaged[good.size() / 2] = static_cast<char>(damaged[good.size() / 2] ^ 4);
    CHECK(of(damaged).starts_with(not_intact));
    CHECK(of(good + "garbage").starts_with(not_intact));
    // A second stream that has lost its mark must not be taken for the end.
    CHECK(of(good + "X" + good.substr(1)).starts_with(not_intact));
    CHECK(of(good + std::string(512, '\0')) == of(good));
  }
  const std::string bz2 = testing::packed_by("bzip2", kText);
  CHECK(of(bz2 + "garbage") == "f' is not intact bzip2 data (what begins at byte " + std::to_string(bz2.size() + 1) + " of " +
                                   std::to_string(bz2.size() + 7) + " is none)" + remedy);
  CHECK(of("BZh9 is text") ==
        "f':1: 'BZh9 is text' is not the header of an XMC file; start it with 'samples features labels', read a file without "
        "header as libsvm, or name the columns of records with --text and --labels");
}

TEST_CASE("a compressed file that claims an absurd size is refused before memory is taken", "[unit]") {
  const TemporaryFolder folder;
  // A Zstandard frame header, no window, 8-byte content size: 2^60 bytes.
  const std::string claim("\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x00\x00\x10", 13);
  const std::string message = complaint(folder.file("bomb.zst", claim));
  CHECK(message.starts_with("decompressing '" + folder / "bomb.zst" + "' needs 1048576.00 TiB of memory and "));
  CHECK(message.ends_with(" are available; free memory or split the file"));
}

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("an xz file that needs more memory than there is is refused", "[unit]") {
  const TemporaryFolder folder;
  std::string packed = testing::packed_by("xz", kText);
  // Behind 12 bytes of stream header the block's: its size, flags, filter, size of the filter's properties, dictionary, checksum.
  constexpr std::size_t kBlock = 12, kDictionary = kBlock + 4;
  const std::size_t header = (static_cast<unsigned char>(packed[kBlock]) + 1u) * 4;
  packed[kDictionary] = 40;  // 4 GiB
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(packed.data()) + kBlock, static_cast<uInt>(header - 4));
  for (std::size_t i = 0; i < 4; ++i) packed[kBlock + header - 4 + i] = static_cast<char>(sum >> 8 * i & 0xff);
  const std::string path = folder.file("a.xz", packed);
  CHECK(complaint(path) == "accepted");  // what is not touched costs nothing
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  rlimit tight = before;
  tight.rlim_cur = std::size_t{4} << 30;
  setrlimit(RLIMIT_AS, &tight);
  const std::string message = complaint(path);
  setrlimit(RLIMIT_AS, &before);
  CHECK(message ==
        "decompressing '" + path + "' needs more memory than the system gives; free memory or compress the file again");
}
#endif

TEST_CASE("memory is asked for before it is taken", "[unit]") {
  CHECK(require_memory(1000, "reading 'x'").ok());
  const auto refused = require_memory(std::uint64_t{1} << 62, "reading 'x'");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.starts_with("reading 'x' needs 4194304.00 TiB of memory and "));
}

TEST_CASE("a pipe is read to its end", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder / "pipe";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  std::thread writer([&] { folder.file("pipe", kText); });
  const auto data = read_dataset(path, kNoCache);
  writer.join();
  REQUIRE(data);
  CHECK(data->view().size() == 2);
}

TEST_CASE("what reading changed is the same from the cache", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.svm", "\xEF\xBB\xBF# c\n1,1 2:1 2:1 2:1\n2 qid:4 1:1 # d\n");
  const ReadOptions options{.format = Format::libsvm, .cache_directory = folder / "cache"};
  const ReadChanges expected{.duplicate_features = 2, .duplicate_labels = 1, .comments = 2, .qids = 1, .byte_order_marks = 1};
  for (const bool cached : {false, true}) {
    ReadReport report;
    const auto data = read_dataset(path, options, &report);
    REQUIRE(data);
    CHECK(data->view().size() == 2);
    CHECK(report.from_cache == cached);
    CHECK(report.facts.changes == expected);
    CHECK(report.facts.id_base == IdBase::one);
  }
}

TEST_CASE("a byte-order mark is skipped, and wide text is refused by name", "[unit]") {
  const TemporaryFolder folder;
  const std::string text = "1 3 2\n0 1:1\n";
  const auto complaint = [&](std::string_view contents) {
    const auto result = read_dataset(folder.file("a", contents), {.use_cache = false});
    return result ? "accepted" : result.error().message.substr(folder.path().size());
  };
  CHECK(complaint("\xEF\xBB\xBF" + text) == "accepted");
  CHECK(complaint(testing::gzip_of("\xEF\xBB\xBF" + text)) == "accepted");
  const auto widened = [&](std::size_t before, std::size_t after) {
    std::string wide;
    for (const char c : text) wide += std::string(before, '\0') + c + std::string(after, '\0');
    return wide;
  };
  using namespace std::string_literals;
  for (const std::string& wide : {"\xFF\xFE" + widened(0, 1), "\xFE\xFF" + widened(1, 0), widened(0, 1), widened(1, 0)})
    CHECK(complaint(wide).ends_with("a' is UTF-16 text; write it as UTF-8"));
  for (const std::string& wide : {"\xFF\xFE\0\0"s + widened(0, 3), "\0\0\xFE\xFF"s + widened(3, 0), widened(0, 3)})
    CHECK(complaint(wide).ends_with("a' is UTF-32 text; write it as UTF-8"));
}
