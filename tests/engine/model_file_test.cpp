#include "tests/engine/model_file_test.h"

#include <catch2/catch.hpp>

#include <xxhash.h>

#include <cstring>
#include <fstream>
#include <regex>
#include <string>

#include "engine/model_file/layout.h"

namespace glissade::model_file {
namespace {

struct Example {
  std::string config = "k = 5\n";
  std::string weights = std::string(5000, 'w');
  std::string moments = std::string(4096, 'm');
  std::string empty;

  std::vector<Section> sections() const {
    return {{SectionKind::config, 0, bytes_of(config)},
            {SectionKind::weights, 0, bytes_of(weights)},
            {SectionKind::label_names, 0, bytes_of(empty)},
            {SectionKind::first_moment, 2, bytes_of(moments)}};
  }
};

bool for_inference(SectionKind kind) { return kind != SectionKind::first_moment; }

/// A file whose checksums are right whatever the table says.
std::string crafted(std::vector<Entry> entries, std::size_t file_bytes) {
  std::string file(file_bytes, '\0');
  Header header;
  header.sections = static_cast<std::uint32_t>(entries.size());
  header.file_bytes = file_bytes;
  for (Entry& entry : entries) {
    const bool inside = entry.offset <= file_bytes && entry.bytes <= file_bytes - entry.offset;
    if (inside) entry.checksum = XXH3_64bits(file.data() + entry.offset, entry.bytes);
  }
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, entries.data(), entries.size() * sizeof(Entry));
  header.checksum = head_checksum(bytes_of(file).first(head_bytes(entries.size())));
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

Entry entry(SectionKind kind, std::uint64_t offset, std::uint64_t bytes) {
  return {static_cast<std::uint32_t>(kind), 0, offset, bytes, 0};
}

TEST_CASE("model file: sections come back as they were, aligned and mapped", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  const Example example;
  REQUIRE(write(path, example.sections()).ok());
  CHECK(folder.entries() == 1);
  std::span<const std::byte> weights;
  std::shared_ptr<const void> mapping;
  {
    const auto reader = Reader::open(path);
    REQUIRE(reader.ok());
    CHECK(reader->path() == path);
    CHECK(text_of(reader->bytes(SectionKind::config)) == example.config);
    CHECK(text_of(reader->bytes(SectionKind::first_moment, 2)) == example.moments);
    CHECK(reader->has(SectionKind::label_names));
    CHECK(reader->bytes(SectionKind::label_names).empty());
    CHECK_FALSE(reader->has(SectionKind::first_moment));
    CHECK_FALSE(reader->has(SectionKind::bias));
    CHECK(reader->bytes(SectionKind::bias).empty());
    weights = reader->bytes(SectionKind::weights);
    mapping = reader->mapping();
  }
  CHECK(reinterpret_cast<std::uintptr_t>(weights.data()) % kAlignment == 0);
  CHECK(text_of(weights) == example.weights);  // the handle keeps the mapping alive
}

TEST_CASE("model file: nothing at all, and an empty last section, are legal", "[unit]") {
  const TemporaryFolder folder;
  REQUIRE(write(folder.file("none"), {}).ok());
  CHECK(refusal(folder.file("none")).empty());
  const std::string text = "abc";
  const Section sections[] = {{SectionKind::config, 0, bytes_of(text)}, {SectionKind::label_names, 0, {}}};
  REQUIRE(write(folder.file("last"), sections).ok());
  const auto reader = Reader::open(folder.file("last"));
  REQUIRE(reader.ok());
  CHECK(reader->has(SectionKind::label_names));
}

TEST_CASE("model file: the same sections give the same bytes", "[unit]") {
  const TemporaryFolder folder;
  REQUIRE(write(folder.file("a"), Example().sections()).ok());
  REQUIRE(write(folder.file("b"), Example().sections()).ok());
  CHECK(get(folder.file("a")) == get(folder.file("b")));
}

TEST_CASE("model file: every flipped bit of header, table, gaps and wanted sections is refused", "[property]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  const Example example;
  REQUIRE(write(path, example.sections()).ok());
  const std::string good = get(path);
  const std::size_t head = head_bytes(example.sections().size());
  const std::size_t moments = good.size() - example.moments.size();
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto set = [&](std::size_t at, char value) { file.seekp(static_cast<std::streamoff>(at)).put(value).flush(); };
  const auto refused = [&](std::size_t at, int bit, bool (*wanted)(SectionKind)) {
    set(at, static_cast<char>(good[at] ^ (1 << bit)));
    const std::string message = refusal(path, wanted);
    set(at, good[at]);
    return !message.empty() && message.find(path) != std::string::npos && message.find('\n') == std::string::npos;
  };
  for (std::size_t at = 0; at < head; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      if (!refused(at, bit, for_inference)) FAIL("byte " << at << " bit " << bit);
    }
  }
  for (std::size_t at = head; at < good.size(); at += 7) {
    const bool unwanted = at >= moments;
    if (!refused(at, static_cast<int>(at % 8), nullptr)) FAIL("byte " << at);
    if (refused(at, static_cast<int>(at % 8), for_inference) == unwanted) FAIL("byte " << at << ", training state not wanted");
  }
  CHECK(refusal(path).empty());  // every flip was undone
}

TEST_CASE("model file: truncated anywhere, or with something appended, is refused", "[property]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  REQUIRE(write(path, Example().sections()).ok());
  const std::string good = get(path);
  for (std::size_t length = 0; length < good.size(); length += length < 300 ? 1 : 97) {
    put(path, good.substr(0, length));
    const std::string message = refusal(path, for_inference);
    INFO(length << ": " << message);
    if (length == 0) {
      CHECK(message == "model file '" + path + "' is empty; restore it from a copy or train the model again");
    } else {
      CHECK(message.find("is truncated: it has " + std::to_string(length) + " bytes") != std::string::npos);
    }
  }
  put(path, good + "x");
  CHECK(refusal(path) == "model file '" + path + "' is damaged: it has " + std::to_string(good.size() + 1) + ", expected " +
                             std::to_string(good.size()) + " bytes; restore it from a copy or train the model again");
}

TEST_CASE("model file: foreign, newer and missing files are named as such", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("x");
  put(path, "3 4 5\n0 1:1\n");
  CHECK(refusal(path) ==
        "'" + path +
            "' is not a Glissade model file: it begins with 33 20 34 20 35 0a 30 20, expected 89 47 4c 53 44 0d 0a 1a; " +
            "give the path of a model file");
  put(path, "3");
  CHECK(refusal(path).find("is not a Glissade model file: it begins with 33,") != std::string::npos);

  REQUIRE(write(path, Example().sections()).ok());
  std::string newer = get(path);
  newer[8] = 8;
  put(path, newer);
  CHECK(refusal(path) ==
        "model file '" + path + "' has format version 8, this build reads up to 7; use a newer version of Glissade");

  CHECK(refusal(folder.file("none")) ==
        "model file '" + folder.file("none") + "' cannot be opened: No such file or directory; check the path");
  CHECK(refusal(folder.path()) == "model file '" + folder.path() + "' is not a regular file; give the path of a model file");
}

TEST_CASE("model file: a damaged section is named", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  const Example example;
  REQUIRE(write(path, example.sections()).ok());
  std::string bad = get(path);
  bad.back() = 'x';
  put(path, bad);
  CHECK(refusal(path).find("' is damaged: checksum of section first_moment 2 is 0x") != std::string::npos);
}

TEST_CASE("model file: tables that lie, with right checksums, are refused", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  const auto message = [&](std::vector<Entry> entries, std::size_t file_bytes) {
    put(path, crafted(std::move(entries), file_bytes));
    return refusal(path);
  };
  const auto config = SectionKind::config;
  const auto bias = SectionKind::bias;
  CHECK(message({entry(config, 4096, 10)}, 4106).empty());
  CHECK(message({entry(config, 4096, 10), entry(bias, 8192, 1)}, 8193).empty());
  // Overlapping, out of order, outside, wrapping around, not aligned, twice, with a hole, shorter than the file.
  CHECK(
      message({entry(config, 4096, 10), entry(bias, 4096, 10)}, 4106).find("section bias 0 begins at byte 4096, expected 8192") !=
      std::string::npos);
  CHECK(message({entry(config, 8192, 10), entry(bias, 4096, 10)}, 8202).find("begins at byte 8192, expected 4096") !=
        std::string::npos);
  CHECK(message({entry(config, 4096, 11)}, 4106).find("has 11 bytes from 4096 on, the file ends at 4106") != std::string::npos);
  CHECK(message({entry(config, 4096, ~0ull - 4096)}, 4106).find("the file ends at 4106") != std::string::npos);
  CHECK(message({entry(config, 4096, ~0ull)}, 4106).find("the file ends at 4106") != std::string::npos);
  CHECK(message({entry(config, ~0ull - 4095, 4096)}, 8192).find("expected 4096") != std::string::npos);
  CHECK(message({entry(config, 64, 10)}, 4106).find("begins at byte 64") != std::string::npos);
  CHECK(message({entry(config, 4096, 1), entry(config, 8192, 1)}, 8193).find("section config 0 is there twice") !=
        std::string::npos);
  CHECK(message({entry(config, 12288, 10)}, 12298).find("begins at byte 12288, expected 4096") != std::string::npos);
  CHECK(message({entry(config, 4096, 10)}, 5000).find("its sections end at byte 4106, expected 5000") != std::string::npos);
  CHECK(message({entry(config, 4096, 0)}, 100).find("the file ends at 100") != std::string::npos);
}

TEST_CASE("model file: a section count that overflows is refused before anything is allocated", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("m.glsd");
  REQUIRE(write(path, Example().sections()).ok());
  for (const std::uint32_t count : {0xffffffffu, 0x08000000u, 4097u, 4096u}) {
    std::string bad = get(path);
    std::memcpy(bad.data() + offsetof(Header, sections), &count, sizeof count);
    put(path, bad);
    CHECK_FALSE(refusal(path).empty());
  }
}

TEST_CASE("model file: a kind of section that this build does not know is ignored", "[unit]") {
  const TemporaryFolder folder;
  const std::string text = "later";
  const Section sections[] = {{static_cast<SectionKind>(999), 3, bytes_of(text)}};
  REQUIRE(write(folder.file("m"), sections).ok());
  const auto reader = Reader::open(folder.file("m"));
  REQUIRE(reader.ok());
  CHECK(section_name(static_cast<SectionKind>(999), 3) == "kind-999 3");
}

TEST_CASE("model file: messages name every kind of section", "[unit]") {
  std::ifstream header(GLISSADE_SOURCE_ROOT "/engine/model_file/container.h");
  const std::regex enumerator(R"(^  (\w+) = (\d+),)");
  std::size_t kinds = 0;
  for (std::string line; std::getline(header, line);) {
    std::smatch found;
    if (!std::regex_search(line, found, enumerator)) continue;
    ++kinds;
    CHECK(section_name(static_cast<SectionKind>(std::stoul(found[2])), 7) == found[1].str() + " 7");
  }
  CHECK(kinds >= 42);
}

/// "89 47 ..." as bytes.
std::string from_hex(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) out += static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16));
  return out;
}

// One golden file per format version: what was written once stays readable. Never change the bytes; add a case for a new version.
TEST_CASE("golden model file, format version 1", "[unit]") {
  std::string file = from_hex(
      "89474c53440d0a1a010000000200000008200000000000003d6ea2cf74886076"
      "01000000000000000010000000000000060000000000000088ca8ef61191986b"
      "09000000010000000020000000000000080000000000000023375d349cbaa028");
  file.resize(4096);
  file += from_hex("6b203d20350a");  // "k = 5\n"
  file.resize(8192);
  file += from_hex("0000803f000000c0");  // 1.f, -2.f
  const TemporaryFolder folder;
  put(folder.file("golden"), file);
  INFO(refusal(folder.file("golden")));
  const auto reader = Reader::open(folder.file("golden"));
  REQUIRE(reader.ok());
  CHECK(text_of(reader->bytes(SectionKind::config)) == "k = 5\n");
  float bias[2];
  REQUIRE(reader->bytes(SectionKind::bias, 1).size() == sizeof bias);
  std::memcpy(bias, reader->bytes(SectionKind::bias, 1).data(), sizeof bias);
  CHECK(bias[0] == 1.f);
  CHECK(bias[1] == -2.f);

  // Without vectors this build writes version 1: it must write these very bytes.
  const std::string config = "k = 5\n";
  const Section sections[] = {{SectionKind::config, 0, bytes_of(config)}, {SectionKind::bias, 1, std::as_bytes(std::span(bias))}};
  REQUIRE(write(folder.file("now"), sections).ok());
  CHECK(get(folder.file("now")) == file);
}

TEST_CASE("model file: a file is of version 2 where it has vectors, which builds of version 1 would pass over", "[unit]") {
  const TemporaryFolder folder;
  const float scale[] = {1.f, 2.f};
  const Section sections[] = {{SectionKind::vector_scale, 0, std::as_bytes(std::span(scale))}};
  REQUIRE(write(folder.file("m"), sections).ok());
  CHECK(get(folder.file("m"))[8] == 2);
  const auto reader = Reader::open(folder.file("m"));
  REQUIRE(reader.ok());
  CHECK(reader->bytes(SectionKind::vector_scale).size() == sizeof scale);
}

}  // namespace
}  // namespace glissade::model_file
