#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/views.h>
#include <glissade/words.h>

namespace glissade {

/// The features that the words of a vocabulary are made of: word w has feature w, its own, and one for each n-gram of characters
/// that it shares with another word ("<wh", "her", "re>" of "where"; Bojanowski et al. 2017). An n-gram that only one word has
/// would be another name of that word. Features of n-grams follow those of words, in order of first use: a function of the words.
struct Subwords {
  /// n-grams of min .. max characters (UTF-8), none if max is 0.
  Subwords(const std::vector<std::string>& words, std::uint32_t min, std::uint32_t max);

  std::uint32_t feature_count() const noexcept { return static_cast<std::uint32_t>(names.size()); }
  /// One row per word, ascending ids, all values of a row the same and adding up to 1. Points into this object.
  SparseRows bags() const noexcept { return {offsets, ids, values}; }

  std::vector<std::string> names;  ///< of the features
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> ids;
  std::vector<float> values;
};

/// Whether a model was trained on a running text: its labels are words, and its first features the same words.
bool holds_vocabulary(const Model& model);
/// The vectors of the words of such a model, in the order of its labels. Runtime error without them, and for lack of memory; it
/// does not name the file. Costs the n-grams of all words.
Result<WordVectors> vocabulary_vectors(const Model& model);

}  // namespace glissade
