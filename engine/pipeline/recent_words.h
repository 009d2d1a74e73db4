#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "engine/pipeline/run_filter.h"
#include "hashing/word_table.h"

namespace glissade {

/// The last words of a text. Of one thread at a time; words stay in memory of the caller's.
class RecentWords {
 public:
  void clear() noexcept { count_ = 0; }
  void add(const hashing::HashedWord& word) noexcept {
    words_[++newest_ % words_.size()] = word;
    count_ = std::min(count_ + 1, RunFilter::kLongest);
  }
  /// At most RunFilter::kLongest.
  std::size_t count() const noexcept { return count_; }
  /// There is one.
  const hashing::HashedWord& last() const noexcept { return words_[newest_ % words_.size()]; }
  /// Appends the run of the last `words` words, which there are, with a space between them.
  void append_run(std::size_t words, std::string& text) const {
    for (std::size_t back = words; back > 0; --back) {
      if (back < words) text += ' ';
      text += words_[(newest_ + 1 - back) % words_.size()].text;
    }
  }

 private:
  std::array<hashing::HashedWord, RunFilter::kLongest> words_;  ///< a ring: a power of two
  std::size_t newest_ = 0;
  std::size_t count_ = 0;
};

}  // namespace glissade
