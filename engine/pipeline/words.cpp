#include "engine/pipeline/words.h"

#include <libstemmer.h>

#include <algorithm>
#include <utility>

namespace glissade {
namespace {

/// What no run of words goes across.
constexpr std::string_view kStops = ",;:.!?()[]{}|\"\n";

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
      stemmer_(options.stemmer.empty() ? nullptr : sb_stemmer_new(options.stemmer.c_str(), nullptr)) {
  for (unsigned char c = 0; c < 0x80; ++c) {
    const FoldedCharacter& character = characters_.ascii(static_cast<char>(c));
    if (character.kind == CharacterKind::letter) lower_[c] = character.bytes[0];
  }
}

/// Takes the ASCII letters and digits that `text` begins with, and says how many they are.
std::size_t WordCutter::ascii_letters(std::string_view text) noexcept {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char letter = lower_[static_cast<unsigned char>(text[at])];
    if (letter == 0) break;
    if (size_ < kLongest) letters_[size_++] = letter;
  }
  return at;
}

void WordCutter::cut(std::string_view text, std::string_view prefix, WordTaker& taker) {
  prefix_ = prefix;
  forget_before();
  for (std::size_t at = 0; at < text.size();) {
    if (lower_[static_cast<unsigned char>(text[at])] != 0) {
      end_dense(taker);
      at += ascii_letters(text.substr(at));
      continue;
    }
    std::size_t length = 1;
    const FoldedCharacter character = characters_.first(text.substr(at), length);
    at += length;
    if (character.kind == CharacterKind::letter) {
      end_dense(taker);
      letter(character.text());
      continue;
    }
    if (character.kind == CharacterKind::suffix && size_ > 0) {
      std::size_t end = at;
      while (end < text.size() && text[end] == text[at - 1]) ++end;
      std::size_t next = 1;
      if (end == text.size() || characters_.first(text.substr(end), next).kind != CharacterKind::letter) {
        for (; at <= end; ++at) letter(character.text());
        at = end;
      }
    }
    end_word(taker);
    if (kStops.find(text[at - 1]) != std::string_view::npos) forget_before();
    if (character.kind == CharacterKind::dense) {
      dense(character.text(), taker);
    } else {
      end_dense(taker);
    }
  }
  end_word(taker);
  end_dense(taker);
}

void WordCutter::letter(std::string_view bytes) {
  if (size_ + bytes.size() > kLongest) return;
  std::ranges::copy(bytes, letters_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += bytes.size();
}

/// The word's stem without accents.
std::string_view WordCutter::stem() {
  if (stemmer_ == nullptr) return word();
  const sb_symbol* stem =
      sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(letters_.data()), static_cast<int>(size_));
  if (stem == nullptr) return word();
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
  const std::string_view word = stem();
  if (!word.empty()) {
    give("", word, taker);
    if (runs_ > 1 || filter_ != nullptr) give_runs(word, taker);
    if (longest_ > 0) give_pieces(word, taker);
  }
  size_ = 0;
}

void WordCutter::give(std::string_view mark, std::string_view word, WordTaker& taker) {
  const bool part = !mark.empty();
  if (prefix_.empty() && !part) return taker.take(word, false);
  feature_ = prefix_;
  feature_ += mark;
  feature_ += word;
  taker.take(feature_, part);
}

void WordCutter::forget_before() noexcept {
  for (Before& before : before_) before.word.clear();
}

/// The run of so many words that `word` ends, if the words before are there; `any`: also if the filter lacks it.
void WordCutter::give_run(std::size_t words, std::string_view word, bool any, WordTaker& taker) {
  feature_ = prefix_;
  for (std::size_t back = words - 1; back > 0; --back) {
    feature_ += before_[back - 1].word;
    feature_ += ' ';
  }
  feature_ += word;
  if (any || filter_->has(std::string_view(feature_).substr(prefix_.size()))) taker.take(feature_, true);
}

void WordCutter::give_runs(std::string_view word, WordTaker& taker) {
  const std::uint64_t code = filter_ != nullptr ? RunFilter::code(word) : 0;
  const bool may_end = filter_ != nullptr && !before_[0].word.empty() && filter_->may_end(before_[0].code, code);
  const std::size_t longest = may_end ? RunFilter::kLongest : runs_;
  for (std::size_t words = 2; words <= longest && !before_[words - 2].word.empty(); ++words)
    give_run(words, word, words <= runs_, taker);
  std::ranges::rotate(before_, before_.end() - 1);
  before_[0].word = word;
  before_[0].code = code;
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
    letter(dense_);  // no word is under way
    letter(bytes);
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
  forget_before();
}

}  // namespace glissade
