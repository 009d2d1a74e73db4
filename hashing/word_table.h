#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace glissade::hashing {

/// A word that is hashed once, wherever it is looked up.
struct HashedWord {
  std::string_view text;
  std::uint64_t hash = 0;  ///< hash_word(text)
};

std::uint64_t hash_word(std::string_view word) noexcept;

/// Words to numbers, in the order in which they come, and how often each came. Words stay in memory of the caller's.
class WordTable {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  WordTable();

  /// The number of `word`, new if it has not come yet, counted `times` more.
  std::uint32_t add(std::string_view word, std::uint32_t times = 1) { return add(HashedWord{word, hash_word(word)}, times); }
  std::uint32_t add(const HashedWord& word, std::uint32_t times = 1);
  /// kNone if it has not come.
  std::uint32_t find(std::string_view word) const noexcept { return find(HashedWord{word, hash_word(word)}); }
  std::uint32_t find(const HashedWord& word) const noexcept { return slots_[place(word)].number; }
  /// The same for many words at once, numbers[i] for words[i]. Memory is asked for ahead: in a table that is larger than the
  /// caches it takes a third of the time or less.
  void find(std::span<const HashedWord> words, std::uint32_t* numbers) const noexcept;

  std::size_t size() const noexcept { return words_.size(); }
  const std::vector<std::string_view>& words() const noexcept { return words_; }
  const std::vector<std::uint32_t>& counts() const noexcept { return counts_; }

 private:
  struct Slot {
    const char* text = nullptr;
    std::uint32_t tag = 0;         ///< tag_of() the word
    std::uint32_t number = kNone;  ///< kNone: free
  };
  static std::uint32_t tag_of(const HashedWord& word) noexcept;
  bool holds(const Slot& slot, std::uint32_t tag, std::string_view word) const noexcept;
  std::size_t place(const HashedWord& word) const noexcept;
  void grow();

  std::vector<Slot> slots_;  ///< open addressing, a power of two, at most half full
  std::vector<std::string_view> words_;
  std::vector<std::uint32_t> counts_;
};

}  // namespace glissade::hashing
