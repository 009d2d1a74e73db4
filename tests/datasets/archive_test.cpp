// Archives, zip and tar: one file, one of several, damage, kinds that are not known.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "datasets/decompress.h"
#include "datasets/read.h"
#include "datasets/source.h"
#include "hashing/seeds.h"
#include "tests/datasets/archives.h"
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
  CHECK(text_of_bytes(testing::zip64_of({{"x/a", kTrain}})) == kTrain);
  // A comment that looks like the end of the directory is taken for it, and never for a shorter archive.
  CHECK(text_of_bytes(zip_of({{"a", kTrain}}, "PK\x05\x06" + std::string(30, '\0'))).starts_with("!"));
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
  many.reserve(6);
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

TEST_CASE("names of an archive outside of ASCII are its bytes, or UTF-8 where it says so", "[unit]") {
  const TemporaryFolder folder;
  const std::string name = "gr\xc3\xbc\xc3\x9f/t\xc3\xa4st.txt";
  std::string marked = zip_of({{name, kTrain}, {"b", kTest}});
  const std::size_t entry = marked.find("PK\x01\x02");
  marked[7] = marked[entry + 9] = '\x08';  // the mark of UTF-8
  for (const std::string& bytes :
       {marked, zip_of({{name, kTrain}, {"b", kTest}}), testing::tar_of({{name, kTrain}, {"b", kTest}})}) {
    folder.file("d", bytes);
    CHECK(text_of(folder, "d:" + name) == kTrain);
    CHECK(text_of(folder, "d").find("2 files (gr\\xC3\\xBC\\xC3\\x9F/t\\xC3\\xA4st.txt, b)") != std::string::npos);
  }
}

TEST_CASE("a zip archive that is not intact, or of a kind not known, is refused", "[unit]") {
  const std::string good = zip_of({{"a", std::string(3000, 'x') + kTrain}, {"b", kTest}});
  const TemporaryFolder folder;
  const auto of = [&](const std::string& bytes) {
    folder.file("d.zip", bytes);
    return text_of(folder, "d.zip:a");
  };
  const auto damaged = [](const std::string& why) {
    return "!'d.zip:a' is not intact zip data (" + why + "); fetch or compress the file again";
  };
  const std::size_t entry = good.find("PK\x01\x02"), last_entry = good.rfind("PK\x01\x02"), end = good.rfind("PK\x05\x06");
  const auto with = [&](std::size_t at, const std::string& bytes) {
    std::string changed = good;
    changed.replace(at, bytes.size(), bytes);
    return of(changed);
  };
  for (const std::size_t size : {std::size_t{4}, std::size_t{20}, end, good.size() - 1})
    CHECK(of(good.substr(0, size)) == damaged("the directory at its end is missing"));
  for (const std::size_t directory : {std::size_t{14}, entry + 16})
    CHECK(with(directory, "\x01\x02") == damaged("Inconsistent CRC32 values"));
  std::string wrong_sum = good;
  wrong_sum.replace(14, 1, "\x01").replace(entry + 16, 1, "\x01");
  CHECK(of(wrong_sum).starts_with("!'d.zip:a' is not intact zip data (ZIP bad CRC: "));
  CHECK(with(entry + 24, "\x01").starts_with("!'d.zip:a' is not intact zip data (Inconsistent uncompressed size: "));
  CHECK(with(entry + 20, "\x05").starts_with("!'d.zip:a' is not intact zip data (Inconsistent compressed size: "));
  CHECK(with(entry + 42, "\x02") == damaged("Damaged Zip archive"));
  CHECK(with(60, "XXXX").starts_with("!'d.zip:a' is not intact zip data (ZIP decompression failed"));
  // Where its first entries are damaged, a directory must not pass for a shorter one.
  CHECK(with(entry, "X").starts_with("!'d.zip:a' is not intact zip data ("));
  CHECK(with(last_entry, "X") == damaged("Invalid central directory signature"));
  CHECK(with(end + 8, std::string("\3\0\3", 3)) == damaged("damaged directory"));
  CHECK(with(end + 16, "\xff\xff") == damaged("the directory at its end is missing"));
  CHECK(with(end + 4, "\x01") == damaged("the directory at its end is missing"));
  std::string encrypted = good;
  encrypted[6] = encrypted[entry + 8] = '\x01';
  CHECK(of(encrypted) == "!'d.zip:a': 'a' in this zip archive is encrypted; unpack it");
  CHECK(with(8, "\x0a") == damaged("Unsupported ZIP compression method (10: ibm-terse)"));
  for (const std::string& empty : {zip_of({}), zip_of({{"a/", ""}}), zip_of({{"._a", "x"}})})
    CHECK(of(empty) == "!'d.zip:a' is a zip archive without files; give a file with data");
}

TEST_CASE("a file of a tar archive is read as one of a zip archive is, packed or not", "[unit]") {
  const TemporaryFolder folder;
  const std::string two =
      testing::tar_of({{"./x/", ""}, {"./x/train.txt", kTrain}, {"./x/._train.txt", "?"}, {"./x/test.txt", kTest}});
  const std::string one = testing::tar_of({{"train.txt", kTrain}});
  for (const auto pack :
       {+[](const std::string& text) { return text; }, +[](const std::string& text) { return testing::gzip_of(text); },
        +[](const std::string& text) { return testing::zstd_of(text); },
        +[](const std::string& text) { return testing::packed_by("bzip2", text); },
        +[](const std::string& text) { return testing::packed_by("xz", text); }}) {
    folder.file("d", pack(one));
    CHECK(text_of(folder, "d") == kTrain);
    CHECK(text_of(folder, "d:train.txt") == kTrain);
    folder.file("d", pack(two));
    CHECK(text_of(folder, "d:x/train.txt") == kTrain);
    CHECK(text_of(folder, "d:x/test.txt") == kTest);
    CHECK(text_of(folder, "d") ==
          "!'d' is a tar archive of 2 files (x/train.txt, x/test.txt); name one of them, as ARCHIVE:x/train.txt");
    CHECK(text_of(folder, "d:y") == "!'d:y': the tar archive holds no such file; it holds x/train.txt, x/test.txt");
    CHECK(source_file(folder / "d:x/test.txt") == folder / "d");
  }
}

TEST_CASE("a tar archive that is not intact, or whose files are links, is refused", "[unit]") {
  const TemporaryFolder folder;
  const auto of = [&](const std::string& bytes) {
    folder.file("d", bytes);
    return text_of(folder, "d:a");
  };
  const std::string good = testing::tar_of({{"a", std::string(3000, 'x')}, {"b", kTest}});
  const std::string early = "!'d:a' is not intact tar data (the file ends too early); fetch or compress the file again";
  CHECK(of(good) == std::string(3000, 'x'));
  CHECK(of(good.substr(0, 2000)) == early);
  std::string absurd = good;
  absurd.replace(124, 11, "77777777777");  // the size, in octal; it makes the header's checksum wrong
  CHECK(of(absurd) == "!'d:a' is not intact tar data (damaged header); fetch or compress the file again");
  CHECK(of(good.substr(0, 512)) == early);
  CHECK(of(testing::tar_of({{"b", kTest}, {"a", "", "b"}})) ==
        "!'d:a': 'a' in this tar archive is a link; name the file that it leads to, 'b'");
  CHECK(of(testing::tar_of({})) != kTest);
  CHECK(of(testing::tar_of({{"a/", ""}})) == "!'d:a' is a tar archive without files; give a file with data");
  // What was added last is what tar itself would unpack.
  CHECK(of(testing::tar_of({{"a", kTrain}, {"a", kTest}})) == kTest);
}

TEST_CASE("a name behind a packed text that is no archive is refused", "[unit]") {
  const TemporaryFolder folder;
  folder.file("d.gz", testing::gzip_of(kTrain));
  CHECK(text_of(folder, "d.gz:a") == "!'d.gz:a': 'd.gz' is one packed text and no archive of files; give its name alone");
  // Text that has tar's mark where tar has it is text.
  const std::string text = std::string(257, 'x') + "ustar " + std::string(300, 'y');
  folder.file("text", text);
  CHECK(text_of(folder, "text") == text);
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
      if (text.find('\n') != std::string::npos && text.starts_with("!")) FAIL(text);
      // What is accepted has the right checksum.
      if (!text.starts_with("!") && text != kTrain && text != kTest && !text.empty()) FAIL(text);
    }
  }
}
