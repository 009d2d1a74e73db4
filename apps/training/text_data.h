#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <glissade/config.h>
#include <glissade/result.h>
#include <glissade/subwords.h>
#include <glissade/words.h>

#include "apps/training/events.h"
#include "apps/training/training_data.h"
#include "datasets/corpus.h"

namespace glissade::apps {

/// A running text to train on, what its words are made of, and the samples that each epoch is evaluated on. The views point into
/// the object.
struct TextData {
  datasets::Corpus corpus;
  Subwords subwords;
  ContextSamples validation_samples{};
  ContextSamples test_samples{};
  std::optional<DatasetView> validation{};
  std::string validation_path{};
  std::optional<DatasetView> test{};  ///< only beside validation samples: alone it is these
  std::vector<DataEvent> events{};

  TextView view() const noexcept { return {corpus.tokens, corpus.counts, subwords.feature_count(), subwords.bags()}; }
  Shape shape() const noexcept { return {subwords.feature_count(), static_cast<std::uint32_t>(corpus.words.size())}; }
};

/// Reads the texts that `files` names, one line about each on standard error unless `quiet`. With a hold-out the end of the text
/// is held out.
Result<std::unique_ptr<TextData>> read_text_data(const TrainingFiles& files, const Config& config, bool quiet);

/// Samples of the text in `path`: each word that `words` has, with the words around it.
Result<ContextSamples> read_context_samples(const std::string& path, const std::vector<std::string>& words,
                                            const Subwords& subwords, std::uint32_t window);

}  // namespace glissade::apps
