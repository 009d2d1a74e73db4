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
  std::uint32_t find(const HashedWord& word) const noexcept;
  /// The same for many words at once, numbers[i] for words[i]. Memory is asked for ahead: in a table that is larger than the
  /// caches it takes a third of the time or less.
  void find(std::span<const HashedWord> words, std::uint32_t* numbers) const noexcept;

  std::size_t size() const noexcept { return words_.size(); }
  const std::vector<std::string_view>& words() const noexcept { return words_; }
  const std::vector<std::uint32_t>& counts() const noexcept { return counts_; }

 private:
  /// Half a cache line, which a short word lies in itself: looking it up reads nothing else.
  struct Slot {
    std::uint64_t first = 0, last = 0;  ///< a short word's bytes, zeros behind them
    std::uint64_t hash = 0;
    std::uint32_t size = 0;
    std::uint32_t number = kNone;  ///< kNone: free
  };
  static Slot slot_of(const HashedWord& word) noexcept;
  bool holds(const Slot& slot, const Slot& wanted, std::string_view word) const noexcept;
  std::size_t place(const HashedWord& word, const Slot& wanted) const noexcept;
  void grow();

  std::vector<Slot> slots_;  ///< open addressing, a power of two, at most two thirds full
  std::vector<std::string_view> words_;
  std::vector<std::uint32_t> counts_;
};

}  // namespace glissade::hashing
