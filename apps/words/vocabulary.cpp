#include "apps/words/vocabulary.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "datasets/message.h"

namespace glissade::apps {

Result<Vocabulary> Vocabulary::load(const std::string& path) {
  auto model = Model::load(path);
  if (!model) return model.error();
  if (!holds_vocabulary(*model))
    return runtime_error(
        fmt::format("{} holds no words; train one on a running text, with --preset text8", datasets::quoted(path)));
  auto vectors = vocabulary_vectors(*model);
  if (!vectors) return Error{fmt::format("{}: {}", datasets::quoted(path), vectors.error().message), vectors.error().kind};
  return Vocabulary(path, std::move(*model), std::move(*vectors));
}

std::uint32_t Vocabulary::find(const std::string& word) const {
  const auto at = std::find(words().begin(), words().end(), word);
  return at == words().end() ? kUnknown : static_cast<std::uint32_t>(at - words().begin());
}

Result<std::uint32_t> Vocabulary::require(const std::string& word) const {
  const std::uint32_t number = find(word);
  if (number != kUnknown) return number;
  return usage_error(fmt::format("the word '{}' is not among the {} words of {}; ask for one of its text (case counts)",
                                 datasets::shown(word), words().size(), datasets::quoted(path_)));
}

std::string lines(const Vocabulary& vocabulary, const std::vector<WordVectors::Neighbour>& neighbours) {
  std::string text;
  for (const auto& [word, cosine] : neighbours) text += fmt::format("{:.4f}  {}\n", cosine, vocabulary.words()[word]);
  return text;
}

}  // namespace glissade::apps
