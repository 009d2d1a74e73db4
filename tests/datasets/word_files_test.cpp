// Vectors written for other programs; questions about words.
#include <catch2/catch.hpp>

#include <cstring>
#include <string>

#include "datasets/vectors.h"
#include "datasets/word_questions.h"
#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using testing::TemporaryFolder;

}  // namespace

TEST_CASE("vectors in word2vec's text and binary formats", "[unit]") {
  const TemporaryFolder folder;
  const std::vector<float> numbers = {1, -0.5f, 0.1f, 1e-20f};
  const glissade::WordVectors vectors(numbers, 2);
  const std::vector<std::string> words = {"a", "\xc3\xb6"};
  const std::string text = folder / "v.txt", binary = folder / "v.bin";
  CHECK(vector_format(text) == VectorFormat::text);
  CHECK(vector_format(binary) == VectorFormat::binary);
  REQUIRE(write_vectors(text, VectorFormat::text, words, vectors).ok());
  CHECK(testing::contents(text) == "2 2\na 1 -0.5\n\xc3\xb6 0.1 1e-20\n");
  REQUIRE(write_vectors(binary, VectorFormat::binary, words, vectors).ok());
  std::string expected = "2 2\na " + std::string(8, '\0') + "\n\xc3\xb6 " + std::string(8, '\0') + "\n";
  std::memcpy(expected.data() + 6, numbers.data(), 8);
  std::memcpy(expected.data() + 18, numbers.data() + 2, 8);
  CHECK(testing::contents(binary) == expected);
}

TEST_CASE("analogy questions are read by section, and bad lines named", "[unit]") {
  const TemporaryFolder folder;
  const auto file = read_analogies(folder.file("q", ": capitals\nAthens Greece Oslo Norway\r\n\n: gram1\na b c d\n"));
  REQUIRE(file);
  CHECK(file->sections == std::vector<std::string>{"capitals", "gram1"});
  REQUIRE(file->questions.size() == 2);
  CHECK(file->questions[0].words[3] == "Norway");
  CHECK(file->questions[1].section == 1);
  CHECK(read_analogies(folder.file("q", "a b c d"))->sections == std::vector<std::string>{"questions"});
  const std::string path = folder.file("bad", ": x\na b c\n");
  CHECK(read_analogies(path).error().message ==
        "'" + path + "':2: 3 words where a question has 4; give a file such as questions-words.txt");
  const std::string none = folder.file("none", ": x\n");
  CHECK(read_analogies(none).error().message == "'" + none + "' holds no questions; give a file such as questions-words.txt");
}

TEST_CASE("similarity pairs are read, and bad lines named", "[unit]") {
  const TemporaryFolder folder;
  const auto pairs = read_similarities(folder.file("s", "# comment\nsun\tsunlight\t50.0\n\ntiger,cat,7.35\r\n"));
  REQUIRE(pairs);
  REQUIRE(pairs->size() == 2);
  CHECK(pairs->at(1).words[1] == "cat");
  CHECK(pairs->at(1).score == 7.35);
  for (const std::string line : {"a b", "a b c", "a b 1 2", "a b nan"}) {
    const std::string path = folder.file("bad", "x y 1\n" + line + "\n");
    CHECK(read_similarities(path).error().message ==
          "'" + path + "':2: this is no line 'word word number'; give a file such as WordSim-353");
  }
  const std::string short_one = folder.file("short", "x y 1\n");
  CHECK(read_similarities(short_one).error().message ==
        "'" + short_one + "' holds 1 pairs of words where at least 2 are needed; give a longer file");
}
