// Zip archives: one file, one of several, damage, kinds that are not known.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "datasets/decompress.h"
#include "datasets/read.h"
#include "datasets/source.h"
#include "hashing/seeds.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;
using testing::zip_of;
using testing::Zipped;

/// The text of an archive, or "!" and the complaint, with 'FOLDER/' left out of it.
std::string text_of(const TemporaryFolder& folder, const std::string& name) {
  const auto text = Text::open(folder / name);
  if (text) return std::string(text->text());
  std::string message = text.error().message;
  for (std::size_t at; (at = message.find(folder.path() + "/")) != std::string::npos;)
    message.erase(at, folder.path().size() + 1);
  return "!" + message;
}

std::string text_of_bytes(const std::string& bytes) {
  const TemporaryFolder folder;
  folder.file("d.zip", bytes);
  return text_of(folder, "d.zip");
}

const std::string kTrain = "2 3 3\n0 1:1\n1 2:1\n", kTest = "1 3 3\n2 1:1\n";

}  // namespace

TEST_CASE("the only file of a zip archive is read", "[unit]") {
  for (const bool deflated : {false, true}) {
    for (const bool behind : {false, true}) {
      const Zipped file{"a/train.txt", kTrain, deflated, behind};
      CHECK(text_of_bytes(zip_of({file})) == kTrain);
      CHECK(text_of_bytes(zip_of({{"a/", ""}, {"__MACOSX/a/._train.txt", "x"}, file}, "a comment")) == kTrain);
    }
  }
  CHECK(text_of_bytes(zip_of({{"a", ""}})).empty());
  // A comment that looks like an end of the directory is none: its own length does not reach the end.
  CHECK(text_of_bytes(zip_of({{"a", kTrain}}, "PK\x05\x06" + std::string(30, '\0'))) == kTrain);
}

TEST_CASE("a file of a zip archive is chosen by name, and never silently", "[unit]") {
  const TemporaryFolder folder;
  folder.file("d.zip", zip_of({{"x/train.txt", kTrain}, {"x/test.txt", kTest}, {"b:c", "colon"}}));
  CHECK(text_of(folder, "d.zip") ==
        "!'d.zip' is a zip archive of 3 files (x/train.txt, x/test.txt, b:c); name one of them, as ARCHIVE:x/train.txt");
  CHECK(text_of(folder, "d.zip:x/train.txt") == kTrain);
  CHECK(text_of(folder, "d.zip:x/test.txt") == kTest);
  CHECK(text_of(folder, "d.zip:b:c") == "colon");
  CHECK(text_of(folder, "d.zip:test.txt") ==
        "!'d.zip:test.txt': the zip archive holds no such file; it holds x/train.txt, x/test.txt, b:c");
  CHECK(text_of(folder, "e.zip:test.txt") ==
        "!cannot read 'e.zip:test.txt': No such file or directory; check the path and its permissions");
  folder.file("plain", "x");
  CHECK(text_of(folder, "plain:y").starts_with("!cannot read 'plain:y': No such file"));
  // A file of that name comes first.
  folder.file("d.zip:b:c", "a file");
  CHECK(text_of(folder, "d.zip:b:c") == "a file");
  CHECK(source_file(folder / "d.zip:x/test.txt") == folder / "d.zip");
  CHECK(source_file(folder / "plain:y") == folder / "plain:y");
  std::vector<Zipped> many;
  for (int i = 0; i < 6; ++i) many.push_back({std::string(1, static_cast<char>('a' + i)), "x"});
  CHECK(text_of_bytes(zip_of(many)).find("6 files (a, b, c, d and 2 more)") != std::string::npos);
}

TEST_CASE("two files of one archive are two data sets, from the cache, too", "[unit]") {
  const TemporaryFolder folder;
  folder.file("d.zip", zip_of({{"train.txt", kTrain}, {"test.txt", kTest}}));
  const ReadOptions options{.cache_directory = folder / "cache"};
  for (int repeat = 0; repeat < 2; ++repeat) {
    CHECK(read_dataset(folder / "d.zip:train.txt", options)->view().size() == 2);
    CHECK(read_dataset(folder / "d.zip:test.txt", options)->view().size() == 1);
  }
}

TEST_CASE("a zip archive that is not intact, or of a kind not known, is refused", "[unit]") {
  const std::string good = zip_of({{"a", std::string(3000, 'x') + kTrain}});
  const auto damaged = [](const std::string& why) {
    return "!'d.zip' is not intact zip data (" + why + "); fetch or compress the file again";
  };
  const std::size_t entry = good.rfind("PK\x01\x02"), end = good.rfind("PK\x05\x06");
  const auto with = [&](std::size_t at, const std::string& bytes) {
    std::string changed = good;
    changed.replace(at, bytes.size(), bytes);
    return text_of_bytes(changed);
  };
  for (const std::size_t size : {std::size_t{4}, std::size_t{20}, end, good.size() - 1})
    CHECK(text_of_bytes(good.substr(0, size)) == damaged("the directory at its end is missing"));
  CHECK(with(entry + 16, "\x01\x02") == damaged("wrong checksum"));
  CHECK(with(entry + 24, "\x01") == damaged("a file of another size than its directory says"));
  CHECK(with(entry + 20, "\x05") == damaged("the file ends too early"));
  CHECK(with(entry + 42, "\x02") == damaged("a file is not where its directory says"));
  CHECK(with(entry, "X") == damaged("damaged directory"));
  CHECK(with(end + 16, "\xff\xff") == damaged("its directory lies outside"));
  CHECK(with(entry + 8, "\x01") == "!'d.zip': 'a' in this zip archive is encrypted; unpack it");
  CHECK(with(entry + 10, "\x0e") ==
        "!'d.zip': 'a' in this zip archive is packed by method 14, which is not known here; unpack it");
  const std::string zip64 = "!'d.zip' is a Zip64 archive, which is not read here; unpack it";
  CHECK(with(entry + 24, "\xff\xff\xff\xff") == zip64);
  CHECK(with(end + 16, "\xff\xff\xff\xff") == zip64);
  CHECK(with(end + 8, "\xff\xff\xff\xff") == zip64);
  CHECK(with(end + 4, "\x01") == "!'d.zip' is one part of a split zip archive; join and unpack it");
  CHECK(text_of_bytes(zip_of({})) == "!'d.zip' is a zip archive without files; give a file with data");
  CHECK(text_of_bytes(zip_of({{"a/", ""}})) == "!'d.zip' is a zip archive without files; give a file with data");
}

TEST_CASE("no damage to a zip archive makes the reader fail in any other way than one line", "[property]") {
  glissade::hashing::Random random(9);
  const std::string good = zip_of({{"a", kTrain}, {"b", kTest, false, true}}, "comment");
  const TemporaryFolder folder;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = good;
    if (i % 4 == 0) bytes.resize(4 + random.below(bytes.size() - 4));
    for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits)
      bytes[4 + random.below(bytes.size() - 4)] = static_cast<char>(random.next());
    folder.file("d.zip", bytes);
    for (const std::string name : {"d.zip", "d.zip:a", "d.zip:b"}) {
      const std::string text = text_of(folder, name);
      if (text.find_first_of("\n") != std::string::npos && text.starts_with("!")) FAIL(text);
      // What is accepted has the right checksum.
      if (!text.starts_with("!") && text != kTrain && text != kTest && !text.empty()) FAIL(text);
    }
  }
}
