#include "hashing/word_table.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <utility>

namespace glissade::hashing {
namespace {

constexpr std::size_t kFirstSlots = 1024;

std::uint64_t hash_of(std::string_view word) noexcept { return XXH3_64bits(word.data(), word.size()); }
std::uint32_t upper(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

WordTable::WordTable() : slots_(kFirstSlots, Slot{0, kNone}) {}

std::size_t WordTable::place(std::string_view word, std::uint64_t hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].number != kNone && (slots_[at].hash != upper(hash) || words_[slots_[at].number] != word))
    at = (at + 1) & mask;
  return at;
}

void WordTable::grow() {
  std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2, Slot{0, kNone}));
  for (const Slot& slot : old) {
    if (slot.number == kNone) continue;
    slots_[place(words_[slot.number], hash_of(words_[slot.number]))] = slot;
  }
}

std::uint32_t WordTable::add(std::string_view word, std::uint32_t times) {
  const std::uint64_t hash = hash_of(word);
  std::size_t at = place(word, hash);
  if (slots_[at].number == kNone) {
    if (2 * (words_.size() + 1) > slots_.size()) {
      grow();
      at = place(word, hash);
    }
    slots_[at] = {upper(hash), static_cast<std::uint32_t>(words_.size())};
    words_.push_back(word);
    counts_.push_back(0);
  }
  // A text of more than 2^32 equal words: the count stays at its largest.
  std::uint32_t& count = counts_[slots_[at].number];
  count += std::min(times, kNone - count);
  return slots_[at].number;
}

std::uint32_t WordTable::find(std::string_view word) const noexcept { return slots_[place(word, hash_of(word))].number; }

void WordTable::find(std::span<const std::string_view> words, std::uint32_t* numbers) const noexcept {
  constexpr std::size_t kAhead = 32;
  std::array<std::uint64_t, kAhead> hashes;
  const std::size_t mask = slots_.size() - 1;
  while (!words.empty()) {
    const std::size_t count = std::min(kAhead, words.size());
    for (std::size_t i = 0; i < count; ++i) {
      hashes[i] = hash_of(words[i]);
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Slot& slot = slots_[hashes[i] & mask];
      if (slot.number != kNone) __builtin_prefetch(&words_[slot.number]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Slot& slot = slots_[hashes[i] & mask];
      if (slot.number != kNone) __builtin_prefetch(words_[slot.number].data());
    }
    for (std::size_t i = 0; i < count; ++i) numbers[i] = slots_[place(words[i], hashes[i])].number;
    words = words.subspan(count);
    numbers += count;
  }
}

}  // namespace glissade::hashing
