#include "apps/training/text_data.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

std::string describe(const TextData& data, const std::string& path) {
  const datasets::Corpus& corpus = data.corpus;
  std::string text = fmt::format("training text {}: {} words, {} different, {} of them often enough", datasets::quoted(path),
                                 grouped(corpus.read), grouped(corpus.different), grouped(corpus.words.size()));
  const std::size_t ngrams = data.subwords.names.size() - corpus.words.size();
  if (ngrams > 0) text += fmt::format(", {} n-grams", grouped(ngrams));
  return text + fmt::format("; read in {} ({:.0f} MB/s)", duration_text(corpus.seconds),
                            static_cast<double>(corpus.text_bytes) * 1e-6 / std::max(corpus.seconds, 1e-9));
}

DataEvent event(const char* role, const std::string& path, const TextData& data, std::uint64_t tokens) {
  DataEvent event{role, path, {}, {}, tokens};
  event.view.feature_count = data.shape().features;
  event.view.label_count = data.shape().labels;
  event.read.text_bytes = data.corpus.text_bytes;
  event.read.total_seconds = data.corpus.seconds;
  return event;
}

void tell(TextData& data, const char* role, const std::string& path, const DatasetView& samples, bool quiet) {
  data.events.push_back({role, path, samples, {}});
  if (!quiet) note(fmt::format("{} words with their contexts to evaluate on", grouped(samples.size())));
}

/// A text of its own, or the end of the training text.
Result<void> add_validation(TextData& data, const TrainingFiles& files, const Config& config, bool quiet) {
  if (files.valid.empty() && files.holdout == 0) return {};
  data.validation_path = files.valid.empty() ? files.train : files.valid;
  if (!files.valid.empty()) {
    auto samples = read_context_samples(files.valid, data.corpus.words, data.subwords, config.words.window);
    if (!samples) return samples.error();
    data.validation_samples = std::move(*samples);
  } else {
    const auto tail = datasets::cut_tail(data.corpus, files.holdout);
    data.validation_samples =
        context_samples({tail, data.corpus.counts, data.shape().features, data.subwords.bags()}, config.words.window);
    if (data.validation_samples.view().size() == 0)
      return usage_error(fmt::format("--holdout: {} of {} words leaves none to evaluate on; hold out more", files.holdout,
                                     grouped(data.corpus.read)));
  }
  data.validation = data.validation_samples.view();
  tell(data, "validation", data.validation_path, *data.validation, quiet);
  return {};
}

Result<void> add_test(TextData& data, const TrainingFiles& files, const Config& config, bool quiet) {
  if (files.test.empty()) return {};
  auto samples = read_context_samples(files.test, data.corpus.words, data.subwords, config.words.window);
  if (!samples) return samples.error();
  data.test_samples = std::move(*samples);
  if (data.validation) {
    data.test = data.test_samples.view();
  } else {
    data.validation = data.test_samples.view();
    data.validation_path = files.test;
  }
  tell(data, "test", files.test, data.test_samples.view(), quiet);
  return {};
}

}  // namespace

Result<std::unique_ptr<TextData>> read_text_data(const TrainingFiles& files, const Config& config, bool quiet) {
  auto corpus = datasets::read_corpus(files.train, config.words.min_count);
  if (!corpus) return corpus.error();
  Subwords subwords(corpus->words, config.words.min_ngram, config.words.max_ngram);
  auto data = std::make_unique<TextData>(TextData{std::move(*corpus), std::move(subwords)});
  if (!quiet) note(describe(*data, files.train));
  data->events.push_back(event("train", files.train, *data, data->corpus.tokens.size()));
  if (auto done = add_validation(*data, files, config, quiet); !done) return done.error();
  if (auto done = add_test(*data, files, config, quiet); !done) return done.error();
  return data;
}

Result<ContextSamples> read_context_samples(const std::string& path, const std::vector<std::string>& words,
                                            const Subwords& subwords, std::uint32_t window) {
  const auto corpus = datasets::read_corpus(path, words);
  if (!corpus) return corpus.error();
  return context_samples({corpus->tokens, corpus->counts, subwords.feature_count(), subwords.bags()}, window);
}

}  // namespace glissade::apps
