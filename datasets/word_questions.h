#pragma once

#include <glissade/result.h>

#include <array>
#include <string>
#include <vector>

namespace glissade::datasets {

/// "a is to b as c is to d", in sections.
struct AnalogyQuestion {
  std::size_t section;
  std::array<std::string, 4> words;
};
struct AnalogyFile {
  std::vector<std::string> sections;
  std::vector<AnalogyQuestion> questions;
};

/// Reads questions-words.txt and files like it: lines ": section" and lines of four words. Fails on any other line, and if there
/// is no question.
Result<AnalogyFile> read_analogies(const std::string& path);

/// Two words and how similar people find them.
struct SimilarityPair {
  std::array<std::string, 2> words;
  double score;
};

/// Reads lines "word word number", with spaces, tabs or commas between them. Empty lines and those that begin with # are skipped.
/// Fails on any other line, and if there are less than two pairs.
Result<std::vector<SimilarityPair>> read_similarities(const std::string& path);

}  // namespace glissade::datasets
