// Running text, name lists, analogies and similarities. The first byte chooses the reader.
#include "datasets/corpus.h"
#include "datasets/names.h"
#include "datasets/word_questions.h"
#include "tests/fuzz/target.h"

namespace {

using namespace glissade;
using fuzz::checked;

void check_corpus(const datasets::Corpus& corpus, bool own_words) {
  fuzz::require(corpus.words.size() == corpus.counts.size(), "a corpus has as many counts as words");
  for (std::size_t i = 1; own_words && i < corpus.counts.size(); ++i) {
    fuzz::require(corpus.counts[i - 1] >= corpus.counts[i], "words are in the order of their counts");
  }
  for (const std::uint32_t token : corpus.tokens) {
    fuzz::require(token < corpus.words.size() || token == TextView::kBreak, "a token is a word or a break");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::single_threaded();
  std::string_view text = fuzz::as_text(data, size);
  const std::uint8_t choice = fuzz::take_byte(text);
  const fuzz::InMemoryFile file(text);
  switch (choice % 5) {
    case 0:
      if (const auto read = datasets::read_corpus(file.path(), 1u + choice / 64u); const auto* corpus = checked(read)) {
        check_corpus(*corpus, true);
      }
      break;
    case 1:
      if (const auto read = datasets::read_corpus(file.path(), std::vector<std::string>{"a", "the", "of", "\u00e9"});
          const auto* corpus = checked(read)) {
        check_corpus(*corpus, false);
      }
      break;
    case 2: {
      const std::size_t expected = choice / 5u;
      const auto names = datasets::read_names(file.path(), expected, "label");
      if (checked(names) != nullptr) fuzz::require(names->size() == expected, "as many names as were expected");
      break;
    }
    case 3:
      if (const auto read = datasets::read_analogies(file.path()); const auto* analogies = checked(read)) {
        for (const auto& question : analogies->questions) {
          fuzz::require(question.section <= analogies->sections.size(), "a question belongs to a section");
        }
      }
      break;
    default: {
      const auto pairs = datasets::read_similarities(file.path());
      if (checked(pairs) != nullptr) fuzz::require(pairs->size() >= 2, "two pairs at least");
    }
  }
  return 0;
}
