#include <glissade/subwords.h>

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "hashing/word_table.h"

namespace glissade {
namespace {

/// The pieces of min .. max characters of `word`, each once for each place. A byte 10xxxxxx goes on with a character. The whole
/// of it is left out.
template <class Visit>
void for_each_ngram(std::string_view word, std::size_t min, std::size_t max, std::vector<std::size_t>& starts,
                    const Visit& visit) {
  starts.clear();
  for (std::size_t i = 0; i < word.size(); ++i) {
    if ((static_cast<unsigned char>(word[i]) & 0xc0u) != 0x80u) starts.push_back(i);
  }
  starts.push_back(word.size());
  const std::size_t characters = starts.size() - 1;
  for (std::size_t first = 0; first < characters; ++first) {
    for (std::size_t n = min; n <= max && first + n <= characters; ++n) {
      if (n < characters) visit(word.substr(starts[first], starts[first + n] - starts[first]));
    }
  }
}

}  // namespace

Subwords::Subwords(const std::vector<std::string>& words, std::uint32_t min, std::uint32_t max) : names(words), offsets{0} {
  std::vector<std::string> framed;
  if (max > 0) {
    framed.reserve(words.size());
    for (const std::string& word : words) framed.push_back('<' + word + '>');
  }
  // How many words have an n-gram, counted once for each: `last` is the word that counted it last.
  hashing::WordTable ngrams;
  std::vector<std::uint32_t> last, owners;
  std::vector<std::size_t> starts;
  for (std::uint32_t word = 0; word < framed.size(); ++word) {
    for_each_ngram(framed[word], min, max, starts, [&](std::string_view ngram) {
      const std::uint32_t number = ngrams.add(ngram);
      if (number == owners.size()) {
        owners.push_back(0);
        last.push_back(hashing::WordTable::kNone);
      }
      if (last[number] != word) ++owners[number];
      last[number] = word;
    });
  }
  std::vector<std::uint32_t>& feature = last;
  for (std::size_t number = 0; number < owners.size(); ++number) {
    feature[number] = owners[number] < 2 ? hashing::WordTable::kNone : static_cast<std::uint32_t>(names.size());
    if (owners[number] >= 2) names.emplace_back(ngrams.words()[number]);
  }
  for (std::uint32_t word = 0; word < words.size(); ++word) {
    const auto first = static_cast<std::ptrdiff_t>(ids.size());
    ids.push_back(word);
    if (max > 0) {
      for_each_ngram(framed[word], min, max, starts, [&](std::string_view ngram) {
        const std::uint32_t id = feature[ngrams.find(ngram)];
        if (id != hashing::WordTable::kNone) ids.push_back(id);
      });
    }
    std::sort(ids.begin() + first, ids.end());
    ids.erase(std::unique(ids.begin() + first, ids.end()), ids.end());
    offsets.push_back(ids.size());
    const auto count = ids.size() - static_cast<std::size_t>(first);
    values.resize(ids.size(), 1.f / static_cast<float>(count));
  }
}

bool holds_vocabulary(const Model& model) {
  if (!model.data_notes().empty()) return false;  // of rows or sequences
  const auto& words = model.label_names();
  const auto& features = model.feature_names();
  return !words.empty() && features.size() >= words.size() && std::equal(words.begin(), words.end(), features.begin());
}

Result<WordVectors> vocabulary_vectors(const Model& model) {
  if (!holds_vocabulary(model))
    return runtime_error("the model holds no words; train one on a running text, with --preset text8");
  const Subwords subwords(model.label_names(), model.config().words.min_ngram, model.config().words.max_ngram);
  if (subwords.feature_count() != model.shape().features) {
    return runtime_error(fmt::format("the model has {} features where its words and n-grams make {}; train it again",
                                     model.shape().features, subwords.feature_count()));
  }
  return WordVectors::create(model, subwords.bags());
}

}  // namespace glissade
