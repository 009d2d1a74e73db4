#include "engine/pipeline/words.h"

#include <libstemmer.h>

#include <utility>

namespace glissade {
namespace {

/// Bytes of the character that begins at `at`, in UTF-8 that is valid.
std::size_t character_end(std::string_view text, std::size_t at) noexcept {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  return at;
}

}  // namespace

void WordCutter::FreeStemmer::operator()(sb_stemmer* stemmer) const noexcept { sb_stemmer_delete(stemmer); }

WordCutter::WordCutter(const PipelineOptions& options)
    // Stemming goes by accents, so they go after it.
    : characters_(Characters::with(!options.stemmer.empty())),
      runs_(options.word_ngrams),
      shortest_(options.shortest_piece),
      longest_(options.longest_piece),
      stemmer_(options.stemmer.empty() ? nullptr : sb_stemmer_new(options.stemmer.c_str(), nullptr)) {}

void WordCutter::cut(std::string_view text, std::string_view prefix, WordTaker& taker) {
  prefix_ = prefix;
  for (std::string& word : before_) word.clear();
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 1;
    const FoldedCharacter character = characters_.first(text.substr(at), length);
    at += length;
    if (character.kind == CharacterKind::letter) {
      end_dense(taker);
      letter(character.text());
      continue;
    }
    if (character.kind == CharacterKind::suffix && !word_.empty()) {
      std::size_t end = at;
      while (end < text.size() && text[end] == text[at - 1]) ++end;
      std::size_t next = 1;
      if (end == text.size() || characters_.first(text.substr(end), next).kind != CharacterKind::letter) {
        for (; at <= end; ++at) letter(character.text());
        at = end;
      }
    }
    end_word(taker);
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
  if (word_.size() + bytes.size() <= kLongest) word_ += bytes;
}

/// The word's stem without accents.
std::string_view WordCutter::stem() {
  if (stemmer_ == nullptr) return word_;
  const sb_symbol* stem =
      sb_stemmer_stem(stemmer_.get(), reinterpret_cast<const sb_symbol*>(word_.data()), static_cast<int>(word_.size()));
  if (stem == nullptr) return word_;
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
  if (word_.empty()) return;
  const std::string_view word = stem();
  if (!word.empty()) {
    give("", word, taker);
    if (runs_ > 1) give_runs(word, taker);
    if (longest_ > 0) give_pieces(word, taker);
  }
  word_.clear();
}

void WordCutter::give(std::string_view mark, std::string_view word, WordTaker& taker) {
  if (prefix_.empty() && mark.empty()) return taker.take(word);
  feature_ = prefix_;
  feature_ += mark;
  feature_ += word;
  taker.take(feature_);
}

void WordCutter::give_runs(std::string_view word, WordTaker& taker) {
  for (std::uint32_t words = 2; words <= runs_ && !before_[words - 2].empty(); ++words) {
    feature_ = prefix_;
    for (std::uint32_t back = words - 1; back > 0; --back) {
      feature_ += before_[back - 1];
      feature_ += ' ';
    }
    feature_ += word;
    taker.take(feature_);
  }
  std::swap(before_[0], before_[1]);
  before_[0] = word;
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
    word_ = dense_;  // empty between characters of such a script
    word_ += bytes;
    give("", word_, taker);
    word_.clear();
    paired_ = true;
  }
  dense_ = bytes;
}

void WordCutter::end_dense(WordTaker& taker) {
  if (dense_.empty()) return;
  if (!paired_) give("", dense_, taker);
  paired_ = false;
  dense_.clear();
  for (std::string& word : before_) word.clear();
}

}  // namespace glissade
