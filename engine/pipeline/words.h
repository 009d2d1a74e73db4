#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <glissade/pipeline.h>

#include "engine/pipeline/characters.h"
#include "engine/pipeline/run_filter.h"

struct sb_stemmer;

namespace glissade {

/// Takes the words of texts, one after the other.
class WordTaker {
 public:
  /// `part`: a run or a piece of words that were taken as well.
  virtual void take(std::string_view word, bool part) = 0;

 protected:
  ~WordTaker() = default;
};

/// Cuts texts into the words, runs of words and pieces of words that PipelineOptions name. Of one thread at a time. Allocates
/// nothing once it has met words as long.
class WordCutter {
 public:
  /// `runs`, if any, must outlive it and not change: runs of words beyond PipelineOptions::word_ngrams are taken if it has them.
  explicit WordCutter(const PipelineOptions& options, const RunFilter* runs = nullptr);

  /// Each word with `prefix` before it.
  void cut(std::string_view text, std::string_view prefix, WordTaker& taker);

  static constexpr std::size_t kLongest = 128;  ///< bytes of a word; what is beyond is cut off

 private:
  void letter(std::string_view bytes);
  std::size_t ascii_letters(std::string_view text) noexcept;
  std::string_view word() const noexcept { return {letters_.data(), size_}; }
  void end_word(WordTaker& taker);
  void dense(std::string_view bytes, WordTaker& taker);
  void end_dense(WordTaker& taker);
  void give(std::string_view prefix_of_feature, std::string_view word, WordTaker& taker);
  void give_runs(std::string_view word, WordTaker& taker);
  void give_run(std::size_t words, std::string_view word, bool any, WordTaker& taker);
  void forget_before() noexcept;
  void give_pieces(std::string_view word, WordTaker& taker);
  std::string_view stem();

  struct FreeStemmer {
    void operator()(sb_stemmer* stemmer) const noexcept;
  };

  const Characters& characters_;
  std::array<char, 256> lower_{};  ///< of ASCII letters and digits; 0 for all others
  const RunFilter* filter_;
  std::uint32_t runs_, shortest_, longest_;
  std::unique_ptr<sb_stemmer, FreeStemmer> stemmer_;
  std::string_view prefix_;
  std::array<char, kLongest> letters_;  ///< the word
  std::size_t size_ = 0;
  std::string folded_;   ///< the word after stemming
  std::string dense_;    ///< the character before, of a script without spaces
  bool paired_ = false;  ///< it is in a pair
  struct Before {
    std::string word;  ///< "" = none
    std::uint64_t code = 0;
  };
  std::array<Before, RunFilter::kLongest - 1> before_;  ///< the words before, the last one first
  std::string feature_;
};

}  // namespace glissade
