#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <glissade/pipeline.h>

#include "engine/pipeline/characters.h"
#include "engine/pipeline/recent_words.h"
#include "engine/pipeline/run_filter.h"
#include "engine/pipeline/word_arena.h"
#include "hashing/word_table.h"

struct sb_stemmer;

namespace glissade {

/// Takes the words of texts, one after the other.
class WordTaker {
 public:
  /// `part`: a run or a piece of words that were taken as well. The word stays in memory until WordCutter::begin().
  virtual void take(const hashing::HashedWord& word, bool part) = 0;
  /// A run of words that is a part if the filter has `run`, which is `word` without its column. Taken in any case: right where
  /// runs that the filter lacks are not found later either.
  virtual void take_run(const hashing::HashedWord& word, const hashing::HashedWord& run) {
    (void)run;
    take(word, true);
  }

 protected:
  ~WordTaker() = default;
};

/// Cuts texts into the words, runs of words and pieces of words that PipelineOptions name. Of one thread at a time. Allocates
/// nothing once it has met words as long.
class WordCutter {
 public:
  /// `runs`, if any, must outlive it and not change: runs of words beyond PipelineOptions::word_ngrams are taken if it has them.
  explicit WordCutter(const PipelineOptions& options, const RunFilter* runs = nullptr);

  /// Words that were given until now are no longer needed.
  void begin() noexcept { arena_.clear(); }
  /// Each word with `prefix` before it.
  void cut(std::string_view text, std::string_view prefix, WordTaker& taker);
  /// The whole text as it is, with `prefix` before it.
  void take_whole(std::string_view text, std::string_view prefix, WordTaker& taker);

  static constexpr std::size_t kLongest = 128;  ///< bytes of a word; what is beyond is cut off

 private:
  std::size_t cut_plain(std::string_view text, char* lower, WordTaker& taker);
  std::size_t cut_closely(std::string_view text, std::size_t at, WordTaker& taker);
  void letters(std::string_view bytes);
  std::string_view word() const noexcept { return {letters_.data(), size_}; }
  void end_word(WordTaker& taker);
  void take_word(std::string_view whole, WordTaker& taker);
  void take_kept(std::string_view whole, WordTaker& taker);
  void take_stem(std::string_view text, WordTaker& taker);
  void take_feature(bool part, WordTaker& taker);
  void dense(std::string_view bytes, WordTaker& taker);
  void end_dense(WordTaker& taker);
  void give(std::string_view mark, std::string_view word, WordTaker& taker);
  void give_runs(const hashing::HashedWord& word, WordTaker& taker);
  void give_run(std::size_t words, bool any, WordTaker& taker);
  void give_pieces(std::string_view word, WordTaker& taker);
  std::string_view stem_of(std::string_view word);

  struct FreeStemmer {
    void operator()(sb_stemmer* stemmer) const noexcept;
  };

  const Characters& characters_;
  const RunFilter* filter_;
  std::uint32_t runs_, shortest_, longest_;
  std::unique_ptr<sb_stemmer, FreeStemmer> stemmer_;
  std::string_view prefix_;
  std::array<char, kLongest> letters_;  ///< the word
  std::size_t size_ = 0;
  std::string folded_;   ///< the word after stemming
  std::string dense_;    ///< the character before, of a script without spaces
  bool paired_ = false;  ///< it is in a pair
  RecentWords recent_;
  WordArena arena_;
  std::string feature_;
};

}  // namespace glissade
