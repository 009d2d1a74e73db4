#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/subwords.h>
#include <glissade/words.h>

namespace glissade::apps {

/// The words of a model and their vectors.
class Vocabulary {
 public:
  /// Loads a model file. Runtime error if it was not trained on a running text.
  static Result<Vocabulary> load(const std::string& path);

  const std::vector<std::string>& words() const noexcept { return model_.label_names(); }
  const WordVectors& vectors() const noexcept { return vectors_; }

  static constexpr std::uint32_t kUnknown = 0xffffffffu;
  std::uint32_t find(const std::string& word) const;
  /// Usage error if the model does not know the word.
  Result<std::uint32_t> require(const std::string& word) const;

 private:
  Vocabulary(std::string path, Model model, WordVectors vectors)
      : path_(std::move(path)), model_(std::move(model)), vectors_(std::move(vectors)) {}

  std::string path_;
  Model model_;
  WordVectors vectors_;
};

/// "0.8123  word" per line.
std::string lines(const Vocabulary& vocabulary, const std::vector<WordVectors::Neighbour>& neighbours);

}  // namespace glissade::apps
