#include "hashing/word_table.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace glissade::hashing {
namespace {

/// A page that nobody may read beyond.
class LastPage {
 public:
  LastPage() : size_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    pages_ = static_cast<char*>(mmap(nullptr, 2 * size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(pages_ != MAP_FAILED);
    REQUIRE(mprotect(pages_ + size_, size_, PROT_NONE) == 0);
  }
  LastPage(const LastPage&) = delete;
  LastPage& operator=(const LastPage&) = delete;
  ~LastPage() { munmap(pages_, 2 * size_); }
  /// A copy that ends where the page does.
  std::string_view at_end(std::string_view text) const {
    std::copy(text.begin(), text.end(), pages_ + size_ - text.size());
    return {pages_ + size_ - text.size(), text.size()};
  }

 private:
  std::size_t size_;
  char* pages_;
};

/// Different words of 0 to 300 bytes, many of which differ in one byte.
std::vector<std::string> many_words() {
  std::mt19937 random(7);
  std::map<std::string, int> words;
  for (std::size_t size = 0; size < 40; ++size) {
    std::string word(size, 'a');
    words[word] = 1;
    for (int i = 0; i < 60 && size > 0; ++i) {
      word[random() % size] = static_cast<char>(random() % 256);
      words[word] = 1;
    }
  }
  for (const std::size_t size : {254, 255, 256, 300}) {
    for (const char last : {'x', 'y'}) words[std::string(size, 'b') + last] = 1;
  }
  std::vector<std::string> list;
  for (const auto& [word, one] : words) list.push_back(word);
  return list;
}

}  // namespace

TEST_CASE("Words have numbers in the order in which they come") {
  const std::vector<std::string> words = many_words();
  WordTable table;
  for (std::size_t i = 0; i < words.size(); ++i) {
    CHECK(table.find(words[i]) == WordTable::kNone);
    CHECK(table.add(words[i]) == i);
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    CHECK(table.find(words[i]) == i);
    CHECK(table.add(words[i], 2) == i);
    CHECK(table.counts()[i] == 3);
    CHECK(table.words()[i] == words[i]);
  }
  CHECK(table.size() == words.size());
}

TEST_CASE("Many words at once are found as one by one") {
  const std::vector<std::string> words = many_words();
  WordTable table;
  for (std::size_t i = 0; i < words.size(); i += 2) table.add(words[i]);
  std::vector<HashedWord> asked;
  for (const std::string& word : words) asked.push_back({word, hash_word(word)});
  std::vector<std::uint32_t> numbers(words.size());
  table.find(asked, numbers.data());
  for (std::size_t i = 0; i < words.size(); ++i) CHECK(numbers[i] == (i % 2 == 0 ? i / 2 : WordTable::kNone));
}

TEST_CASE("Where a word lies does not matter, nor what stands behind it") {
  const LastPage page;
  for (const std::string& word : many_words()) {
    CHECK(hash_word(page.at_end(word)) == hash_word(word));
    const std::string longer = word + "zzzzzzzzzzzzzzzz";
    CHECK(hash_word(std::string_view(longer).substr(0, word.size())) == hash_word(word));
    WordTable table;
    table.add(std::string_view(longer).substr(0, word.size()));
    CHECK(table.find(page.at_end(word)) == 0);
    CHECK(table.find(longer) == WordTable::kNone);
  }
}

TEST_CASE("Hashes of words are spread") {
  // Of numbers as words: all low bits are used, and no two hashes are equal.
  std::vector<std::uint64_t> hashes;
  std::vector<std::size_t> buckets(256);
  for (int i = 0; i < 100'000; ++i) {
    hashes.push_back(hash_word(std::to_string(i)));
    ++buckets[hashes.back() & 255];
  }
  std::ranges::sort(hashes);
  CHECK(std::ranges::adjacent_find(hashes) == hashes.end());
  CHECK(std::ranges::max(buckets) < 500);  // 391 on average
  CHECK(std::ranges::min(buckets) > 290);
}

}  // namespace glissade::hashing
