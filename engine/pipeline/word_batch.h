#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hashing/word_table.h"

namespace glissade {

/// Words that are kept until they are looked up together. Allocates nothing once it has held as many.
class WordBatch {
 public:
  void clear() noexcept {
    words_.clear();
    parts_.clear();
  }
  /// `part`: of words that are added as well.
  void add(const hashing::HashedWord& word, bool part) {
    if (part) parts_.push_back(static_cast<std::uint32_t>(words_.size()));
    words_.push_back(word);
  }
  /// How many words are no parts.
  std::size_t whole() const noexcept { return words_.size() - parts_.size(); }
  /// Which words are parts.
  std::span<const std::uint32_t> parts() const noexcept { return parts_; }
  std::span<const hashing::HashedWord> words() const noexcept { return words_; }

 private:
  std::vector<hashing::HashedWord> words_;
  std::vector<std::uint32_t> parts_;
};

}  // namespace glissade
