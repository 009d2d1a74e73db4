#include "hashing/word_table.h"

#include <emmintrin.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace glissade::hashing {
namespace {

constexpr std::size_t kFirstSlots = 1024;

constexpr std::size_t kShort = sizeof(__m128i);

/// 16 bytes of all ones, 16 of zeros: from kMask + 16 - n on, n ones.
alignas(16) constexpr std::array<std::uint8_t, 2 * kShort> kMask = [] {
  std::array<std::uint8_t, 2 * kShort> mask{};
  for (std::size_t i = 0; i < kShort; ++i) mask[i] = 0xff;
  return mask;
}();

/// A word of at most kShort bytes, zeros behind it. Bytes behind the word are loaded where they are on its page, and masked.
__attribute__((no_sanitize("address"))) __m128i short_word(const char* word, std::size_t size) noexcept {
  constexpr std::uintptr_t kPage = 4096;
  if (size == 0) return _mm_setzero_si128();
  if ((reinterpret_cast<std::uintptr_t>(word) & (kPage - 1)) > kPage - kShort) {
    alignas(16) std::array<char, kShort> copy{};
    std::memcpy(copy.data(), word, size);
    return _mm_load_si128(reinterpret_cast<const __m128i*>(copy.data()));
  }
  const __m128i mask = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kMask.data() + kShort - size));
  return _mm_and_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(word)), mask);
}

/// The product's halves in one (Wang Yi, wyhash 2019).
std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const auto product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint64_t hash_word(std::string_view word) noexcept {
  if (word.size() > kShort) return XXH3_64bits(word.data(), word.size());
  const __m128i bytes = short_word(word.data(), word.size());
  const auto first = static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes));
  const auto last = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(bytes, bytes)));
  constexpr std::uint64_t kFirst = 0xa0761d6478bd642f, kLast = 0xe7037ed1a0b428db, kSize = 0x8ebc6af09c88c6e3;
  return folded_product(folded_product(first ^ kFirst, last ^ kLast) ^ word.size(), kSize);
}

WordTable::WordTable() : slots_(kFirstSlots) {}

/// A free slot with what a word is known by.
WordTable::Slot WordTable::slot_of(const HashedWord& word) noexcept {
  Slot slot;
  slot.hash = word.hash;
  slot.size = static_cast<std::uint32_t>(std::min<std::size_t>(word.text.size(), kNone));
  if (word.text.size() > kShort) return slot;
  const __m128i bytes = short_word(word.text.data(), word.text.size());
  slot.first = static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes));
  slot.last = static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(bytes, bytes)));
  return slot;
}

bool WordTable::holds(const Slot& slot, const Slot& wanted, std::string_view word) const noexcept {
  const bool alike =
      slot.hash == wanted.hash && slot.first == wanted.first && slot.last == wanted.last && slot.size == wanted.size;
  return alike && (word.size() <= kShort || words_[slot.number] == word);
}

std::size_t WordTable::place(const HashedWord& word, const Slot& wanted) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = word.hash & mask;
  while (slots_[at].number != kNone && !holds(slots_[at], wanted, word.text)) at = (at + 1) & mask;
  return at;
}

std::uint32_t WordTable::find(const HashedWord& word) const noexcept { return slots_[place(word, slot_of(word))].number; }

void WordTable::grow() {
  std::vector<Slot> larger(slots_.size() * 2);
  const std::size_t mask = larger.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.number == kNone) continue;
    std::size_t at = slot.hash & mask;
    while (larger[at].number != kNone) at = (at + 1) & mask;
    larger[at] = slot;
  }
  slots_.swap(larger);
}

std::uint32_t WordTable::add(const HashedWord& word, std::uint32_t times) {
  Slot wanted = slot_of(word);
  std::size_t at = place(word, wanted);
  if (slots_[at].number == kNone) {
    if (3 * (words_.size() + 1) > 2 * slots_.size()) {
      grow();
      at = place(word, wanted);
    }
    wanted.number = static_cast<std::uint32_t>(words_.size());
    slots_[at] = wanted;
    words_.push_back(word.text);
    counts_.push_back(0);
  }
  // A text of more than 2^32 equal words: the count stays at its largest.
  std::uint32_t& count = counts_[slots_[at].number];
  count += std::min(times, kNone - count);
  return slots_[at].number;
}

void WordTable::find(std::span<const HashedWord> words, std::uint32_t* numbers) const noexcept {
  constexpr std::size_t kAhead = 32;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < std::min(kAhead, words.size()); ++i) __builtin_prefetch(&slots_[words[i].hash & mask]);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i + kAhead < words.size()) __builtin_prefetch(&slots_[words[i + kAhead].hash & mask]);
    numbers[i] = slots_[place(words[i], slot_of(words[i]))].number;
  }
}

}  // namespace glissade::hashing
