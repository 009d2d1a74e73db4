#include "engine/pipeline/words.h"

#include <libstemmer.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/pipeline/ascii_block.h"

namespace glissade {
namespace {

/// What no run of words goes across.
constexpr std::array<bool, 256> kStops = [] {
  std::array<bool, 256> stops{};
  for (const char byte : std::string_view(",;:.!?()[]{}|\"\n")) stops[static_cast<unsigned char>(byte)] = true;
  return stops;
}();

constexpr bool is_stop(char byte) noexcept { return kStops[static_cast<unsigned char>(byte)]; }

constexpr bool is_ascii(std::string_view bytes) noexcept { return static_cast<unsigned char>(bytes.front()) < 0x80; }

/// Bytes of the character that begins at `at`, in UTF-8 that is valid.
std::size_t character_end(std::string_view text, std::size_t at) noexcept {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  return at;
}

}  // namespace

void WordCutter::FreeStemmer::operator()(sb_stemmer* stemmer) const noexcept { sb_stemmer_delete(stemmer); }

WordCutter::WordCutter(const PipelineOptions& options, const RunFilter* runs)
    // Stemming goes by accents, so they go after it.
    : characters_(Characters::with(!options.stemmer.empty())),
      filter_(runs),
      runs_(options.word_ngrams),
      shortest_(options.shortest_piece),
      longest_(options.longest_piece),
      stemmer_(options.stemmer.empty() ? nullptr : sb_stemmer_new(options.stemmer.c_str(), nullptr)) {}

void WordCutter::cut(std::string_view text, std::string_view prefix, WordTaker& taker) {
  prefix_ = prefix;
  recent_.clear();
  char* const lower = text.empty() ? nullptr : arena_.take(text.size() + AsciiBlock::kBytes);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t plain = cut_plain(text.substr(at), lower + at, taker);
    const bool all = plain == std::min(AsciiBlock::kBytes, text.size() - at);
    at += plain;
    if (!all) at = cut_closely(text, at, taker);
  }
  end_word(taker);
  end_dense(taker);
}

void WordCutter::take_whole(std::string_view text, std::string_view prefix, WordTaker& taker) {
  prefix_ = prefix;
  give("", text, taker);
}

/// The ASCII text that `text` begins with, a block at most, without '+' and '#'; says how many bytes that is.
std::size_t WordCutter::cut_plain(std::string_view text, char* lower, WordTaker& taker) {
  const AsciiBlock block(text, lower);
  const std::size_t plain = block.plain();
  if (plain > 0) end_dense(taker);
  for (std::size_t at = 0; at < plain;) {
    const std::size_t begin = block.word_begin(at);
    if (begin > at) {
      end_word(taker);
      if (runs_ > 1 || filter_ != nullptr) {
        while (at < begin && !is_stop(text[at])) ++at;
        if (at < begin) recent_.clear();
      }
    }
    if (begin == plain) break;
    const std::size_t end = block.word_end(begin);
    if (size_ > 0 || end == plain) {
      letters(block.lower(begin, end));  // ends elsewhere
    } else {
      take_kept(block.lower(begin, end), taker);
    }
    at = end;
  }
  return plain;
}

/// Character by character from `at` on, until some of them were plain; says where.
std::size_t WordCutter::cut_closely(std::string_view text, std::size_t at, WordTaker& taker) {
  constexpr std::size_t kPlain = 8;
  for (std::size_t plain = 0; at < text.size() && plain < kPlain;) {
    std::size_t length = 1;
    const FoldedCharacter character = characters_.first(text.substr(at), length);
    plain = length == 1 && character.kind != CharacterKind::suffix ? plain + 1 : 0;
    at += length;
    if (character.kind == CharacterKind::letter) {
      end_dense(taker);
      letters(character.text());
      continue;
    }
    if (character.kind == CharacterKind::suffix && size_ > 0) {
      std::size_t end = at;
      while (end < text.size() && text[end] == text[at - 1]) ++end;
      std::size_t next = 1;
      if (end == text.size() || characters_.first(text.substr(end), next).kind != CharacterKind::letter) {
        for (; at <= end; ++at) letters(character.text());
        at = end;
      }
    }
    end_word(taker);
    if (is_stop(text[at - 1])) recent_.clear();
    if (character.kind == CharacterKind::dense) {
      dense(character.text(), taker);
    } else {
      end_dense(taker);
    }
  }
  return at;
}

/// Adds to the word. A character or ASCII; what is beyond the longest word is cut off.
void WordCutter::letters(std::string_view bytes) {
  if (size_ + bytes.size() > kLongest) bytes = is_ascii(bytes) ? bytes.substr(0, kLongest - size_) : "";
  std::ranges::copy(bytes, letters_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += bytes.size();
}

/// The stem of `word` without accents.
std::string_view WordCutter::stem_of(std::string_view word) {
  if (stemmer_ == nullptr) return word;
  const sb_symbol* stem =
      sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
  if (stem == nullptr) return word;
  const std::string_view text(reinterpret_cast<const char*>(stem), static_cast<std::size_t>(sb_stemmer_length(stemmer_.get())));
  const Characters& plain = Characters::with(false);
  folded_.clear();
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 1;
    folded_ += plain.first(text.substr(at), length).text();
    at += length;
  }
  return folded_;
}

void WordCutter::end_word(WordTaker& taker) {
  if (size_ == 0) return;
  take_word(word(), taker);
  size_ = 0;
}

/// A word in memory that will change.
void WordCutter::take_word(std::string_view whole, WordTaker& taker) {
  const std::string_view word = stem_of(whole);
  if (!word.empty()) take_stem(arena_.keep(word), taker);
}

/// A word that stays where it is.
void WordCutter::take_kept(std::string_view whole, WordTaker& taker) {
  if (stemmer_ != nullptr) return take_word(whole, taker);
  take_stem(whole, taker);
}

void WordCutter::take_stem(std::string_view text, WordTaker& taker) {
  const hashing::HashedWord word{text, hashing::hash_word(text)};
  if (prefix_.empty()) {
    taker.take(word, false);
  } else {
    give("", text, taker);
  }
  if (runs_ > 1 || filter_ != nullptr) give_runs(word, taker);
  if (longest_ > 0) give_pieces(text, taker);
}

void WordCutter::take_feature(bool part, WordTaker& taker) {
  const std::string_view kept = arena_.keep(feature_);
  taker.take({kept, hashing::hash_word(kept)}, part);
}

void WordCutter::give(std::string_view mark, std::string_view word, WordTaker& taker) {
  feature_ = prefix_;
  feature_ += mark;
  feature_ += word;
  take_feature(!mark.empty(), taker);
}

/// The run of the last `words` words; `any`: whatever the filter has.
void WordCutter::give_run(std::size_t words, bool any, WordTaker& taker) {
  feature_ = prefix_;
  recent_.append_run(words, feature_);
  if (any) return take_feature(true, taker);
  const std::string_view kept = arena_.keep(feature_), run = kept.substr(prefix_.size());
  const hashing::HashedWord word{kept, hashing::hash_word(kept)};
  taker.take_run(word, prefix_.empty() ? word : hashing::HashedWord{run, hashing::hash_word(run)});
}

void WordCutter::give_runs(const hashing::HashedWord& word, WordTaker& taker) {
  const bool may_end = filter_ != nullptr && recent_.count() > 0 && filter_->may_end(recent_.last().hash, word.hash);
  recent_.add(word);
  const std::size_t longest = std::min<std::size_t>(may_end ? RunFilter::kLongest : runs_, recent_.count());
  for (std::size_t words = 2; words <= longest; ++words) give_run(words, words <= runs_, taker);
}

void WordCutter::give_pieces(std::string_view word, WordTaker& taker) {
  std::string& whole = dense_;  // empty within a word
  whole = '_';
  whole += word;
  whole += '_';
  for (std::size_t begin = 0; begin < whole.size(); begin = character_end(whole, begin)) {
    std::size_t end = begin;
    for (std::uint32_t characters = 1; characters <= longest_ && end < whole.size(); ++characters) {
      end = character_end(whole, end);
      if (characters >= shortest_ && (begin > 0 || end < whole.size()))
        give("~", std::string_view(whole).substr(begin, end - begin), taker);
    }
  }
  whole.clear();
}

void WordCutter::dense(std::string_view bytes, WordTaker& taker) {
  if (!dense_.empty()) {
    letters(dense_);  // no word is under way
    letters(bytes);
    give("", word(), taker);
    size_ = 0;
    paired_ = true;
  }
  dense_ = bytes;
}

void WordCutter::end_dense(WordTaker& taker) {
  if (dense_.empty()) return;
  if (!paired_) give("", dense_, taker);
  paired_ = false;
  dense_.clear();
  recent_.clear();
}

}  // namespace glissade
