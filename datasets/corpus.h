#pragma once

#include <glissade/result.h>
#include <glissade/words.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glissade::datasets {

/// A running text as numbers. Words are whatever stands between white space (ASCII); a line's end is a break over which no
/// context reaches, so a text of one line, as Text8 is, is one context.
struct Corpus {
  std::vector<std::string> words;     ///< most frequent first, equally frequent ones by their bytes
  std::vector<std::uint32_t> counts;  ///< of each word
  std::vector<std::uint32_t> tokens;  ///< TextView::kBreak between lines that have words; words left out leave no trace
  std::uint64_t read = 0;             ///< words in the file, the ones left out included
  std::uint64_t different = 0;        ///< of these, different ones
  std::uint64_t text_bytes = 0;
  double seconds = 0;
};

/// Reads a text and makes its vocabulary: the words that occur at least `min_count` times. Plain, packed, or in an
/// archive (see Text), told by content. In parallel; the result does not depend on threads. Fails unless that are at least two
/// words, and on words that are not UTF-8.
Result<Corpus> read_corpus(const std::string& path, std::uint32_t min_count);

/// Reads a text in a vocabulary that is given, to evaluate on it: words that are not in it are left out. Fails if none is.
Result<Corpus> read_corpus(const std::string& path, const std::vector<std::string>& words);

/// Cuts the last part of a text, `share` of its tokens, off: to evaluate on. Counts stay those of the whole text.
std::vector<std::uint32_t> cut_tail(Corpus& corpus, double share);

/// Position of the first byte that makes `text` no UTF-8; its size if it is.
std::size_t utf8_end(std::string_view text) noexcept;

}  // namespace glissade::datasets
