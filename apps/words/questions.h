#pragma once

#include <string>
#include <vector>

#include <glissade/result.h>

#include "apps/words/vocabulary.h"

namespace glissade::apps {

/// What `eval` asks word vectors.
struct WordQuestions {
  std::string analogies;                  ///< file; "" = none
  std::vector<std::string> similarities;  ///< files
  std::size_t among = 30000;              ///< analogies: only the so many most frequent words ask and answer
};

/// Answers to them as a table, or as one JSON object with shares from 0 to 1. Words that the vocabulary has in lower case only
/// are taken in lower case.
Result<std::string> ask(const Vocabulary& vocabulary, const WordQuestions& questions, bool json);

}  // namespace glissade::apps
