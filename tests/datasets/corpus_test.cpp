// Running text: its vocabulary, its tokens, its n-grams.
#include <glissade/subwords.h>

#include "datasets/corpus.h"

#include <oneapi/tbb/global_control.h>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/datasets/helpers.h"

namespace {

using namespace glissade::datasets;
using glissade::Subwords;
using glissade::TextView;
using testing::TemporaryFolder;
using Strings = std::vector<std::string>;
using Numbers = std::vector<std::uint32_t>;

constexpr std::uint32_t kBreak = TextView::kBreak;

std::string refusal(const std::string& path, std::uint32_t min_count) {
  const auto corpus = read_corpus(path, min_count);
  REQUIRE_FALSE(corpus);
  CHECK(corpus.error().message.find('\n') == std::string::npos);
  return corpus.error().message;
}

}  // namespace

TEST_CASE("words are counted, the most frequent first, and lines end in breaks", "[unit]") {
  const TemporaryFolder folder;
  const auto corpus = read_corpus(folder.file("t", " b a\tb \r\n\n\nc b a\vb\n  \ndr\xc3\xb6le a\n"), 1);
  REQUIRE(corpus);
  CHECK(corpus->words == Strings{"b", "a", "c", "dr\xc3\xb6le"});
  CHECK(corpus->counts == Numbers{4, 3, 1, 1});
  CHECK(corpus->tokens == Numbers{0, 1, 0, kBreak, 2, 0, 1, 0, kBreak, 3, 1});
  CHECK(corpus->read == 9);
  CHECK(corpus->different == 4);
}

TEST_CASE("words that are too rare leave no trace", "[unit]") {
  const TemporaryFolder folder;
  const auto corpus = read_corpus(folder.file("t", "a x b\ny\nb z a\n"), 2);
  REQUIRE(corpus);
  CHECK(corpus->words == Strings{"a", "b"});
  CHECK(corpus->tokens == Numbers{0, 1, kBreak, 1, 0});
  CHECK(corpus->different == 5);
}

TEST_CASE("a text may be packed", "[unit]") {
  const TemporaryFolder folder;
  const std::string text = "one two one three one two";
  for (const std::string& bytes : {testing::gzip_of(text), testing::zstd_of(text), testing::zip_of({{"text8", text}})}) {
    const auto corpus = read_corpus(folder.file("t", bytes), 1);
    REQUIRE(corpus);
    CHECK(corpus->words == Strings{"one", "two", "three"});
  }
}

TEST_CASE("texts without enough words are refused, each with its reason", "[unit]") {
  const TemporaryFolder folder;
  const std::string path = folder / "t";
  const auto message = [&](const std::string& bytes, std::uint32_t min_count) {
    folder.file("t", bytes);
    return refusal(path, min_count);
  };
  CHECK(message("", 1) == "'" + path + "' holds no words; give it some text");
  CHECK(message(" \n\n", 5) == "'" + path + "' holds no words; give it some text");
  CHECK(message("word", 1) == "'" + path + "' has one different word, 'word', and two are needed; give it a longer text");
  CHECK(
      message("a b c a", 2) ==
      "'" + path +
          "': one of its 3 different words occur at least 2 times, and two are needed; use a lower min-count, or a longer text");
  CHECK(message("a b\nc d\xe9j\xe0", 1) ==
        "'" + path + "':2: the word 'd\\xE9j\\xE0' is not UTF-8; convert the text, for instance with iconv");
  CHECK(refusal(folder / "none", 1) ==
        "cannot read '" + folder / "none" + "': No such file or directory; check the path and its permissions");
}

TEST_CASE("the end of what is UTF-8 is found", "[unit]") {
  CHECK(utf8_end("") == 0);
  CHECK(utf8_end("a\xc3\xb6\xe2\x82\xac\xf0\x9f\x98\x80") == 10);
  for (const std::string bad : {"a\xc3", "a\xff", "a\x80", "a\xc0\x80", "a\xe0\x80\x80", "a\xed\xa0\x80", "a\xf0\x80\x80\x80",
                                "a\xf4\x90\x80\x80", "a\xf5\x80\x80\x80"})
    CHECK(utf8_end(bad) == 1);
}

TEST_CASE("a line of ten million bytes, and words over the ends of chunks, on any number of threads", "[unit]") {
  const TemporaryFolder folder;
  std::string text;
  for (std::uint32_t i = 0; text.size() < 10'000'000; ++i) text += "w" + std::to_string(i * 2654435761u % 1000) + ' ';
  const std::string path = folder.file("t", text);
  const auto read = [&](std::size_t threads) {
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
    auto corpus = read_corpus(path, 1);
    REQUIRE(corpus);
    return std::move(*corpus);
  };
  const Corpus one = read(1), two = read(2);
  CHECK(one.words.size() == 1000);
  CHECK(one.words == two.words);
  CHECK(one.tokens == two.tokens);
  CHECK(one.tokens.size() == one.read);
}

TEST_CASE("a text in a given vocabulary", "[unit]") {
  const TemporaryFolder folder;
  const Strings words = {"x", "a", "b"};
  const auto corpus = read_corpus(folder.file("t", "a new b a\nb"), words);
  REQUIRE(corpus);
  CHECK(corpus->tokens == Numbers{1, 2, 1, kBreak, 2});
  CHECK(corpus->counts == Numbers{0, 2, 2});
  CHECK(read_corpus(folder.file("u", "none"), words).error().message ==
        "'" + folder / "u" + "' holds no word of the model's vocabulary; give it a text of the same kind");
}

TEST_CASE("the tail of a text can be cut off", "[unit]") {
  Corpus corpus;
  corpus.tokens = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(cut_tail(corpus, 0.2) == Numbers{8, 9});
  CHECK(corpus.tokens.size() == 8);
}

TEST_CASE("n-grams that words share are features", "[unit]") {
  const Strings words = {"here", "where", "\xc3\xb6l"};
  const Subwords none(words, 3, 0);
  CHECK(none.names == words);
  CHECK(none.ids == Numbers{0, 1, 2});
  CHECK(none.values == std::vector<float>{1, 1, 1});
  const Subwords three(words, 3, 3);
  CHECK(three.names == Strings{"here", "where", "\xc3\xb6l", "her", "ere", "re>"});  // <he, <wh, whe and <öl are of one word each
  CHECK(three.ids == Numbers{0, 3, 4, 5, 1, 3, 4, 5, 2});
  CHECK(three.values[0] == 0.25f);
  CHECK(three.feature_count() == 6);
  // An n-gram that a word has twice counts once, in its owners and in its bag; characters are not cut.
  const Subwords twice({"\xc3\xb6\xc3\xb6\xc3\xb6", "b\xc3\xb6\xc3\xb6"}, 2, 2);
  CHECK(twice.names == Strings{"\xc3\xb6\xc3\xb6\xc3\xb6", "b\xc3\xb6\xc3\xb6", "\xc3\xb6\xc3\xb6", "\xc3\xb6>"});
  CHECK(twice.ids == Numbers{0, 2, 3, 1, 2, 3});
}
