#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/trainer.h>
#include <glissade/views.h>

namespace glissade {

/// A running text in somebody else's memory, as ids of a vocabulary. Words are at once what a network reads (each has a bag of
/// features: its own row, perhaps rows of its n-grams) and what it predicts.
struct TextView {
  static constexpr std::uint32_t kBreak = 0xffffffffu;  ///< between tokens: the end of a line, over which no window reaches

  std::span<const std::uint32_t> tokens;  ///< ids below counts.size(), or kBreak
  std::span<const std::uint32_t> counts;  ///< how often each word occurs
  std::uint32_t feature_count = 0;
  SparseRows bags;  ///< one row of features per word, values adding up to 1
};

/// Words of a text and what stands around them, as samples: to evaluate the prediction of contexts.
struct ContextSamples {
  std::vector<std::uint64_t> feature_offsets, label_offsets;
  std::vector<std::uint32_t> feature_ids, label_ids;
  std::vector<float> feature_values;
  Shape shape;

  /// Points into this object.
  DatasetView view() const noexcept;
};

/// One sample for each word of `text` that has a neighbour: its bag as features, the different words up to `window` places
/// before and after it, within its line, as labels. No word is skipped.
ContextSamples context_samples(const TextView& text, std::uint32_t window);

/// Trains a Model on a running text: each word's vector learns to predict the words around it (skip-gram, Mikolov et al. 2013).
/// Windows are drawn anew for each centre, frequent words skipped at random, as Config says. Nothing is stored per pair.
///
/// Loss ns: negative sampling by plain gradient descent. A centre's negatives are shared by all words of its window, which makes
/// a step a small matrix product (Ji et al. 2016). Threads update the same rows without locks (HOGWILD, Niu et al. 2011): a model
/// is the same byte for byte with one thread only. The other losses run through the engine's usual steps, batch by batch, with
/// active sets and any optimiser, and are the same with any number of threads.
///
/// One WordTrainer per Model at a time; it borrows the model and the text. While a call runs, no other thread may use the model.
class WordTrainer {
 public:
  /// Usage error if the model is not trainable or its shape is not that of the text; runtime error if the model was trained on
  /// another text. Costs a pass over the tokens.
  static Result<WordTrainer> create(Model& model, const TextView& text);

  WordTrainer(WordTrainer&&) noexcept;
  WordTrainer& operator=(WordTrainer&&) noexcept;
  ~WordTrainer();

  /// One pass over the text. Samples in the reports are words of it, in ns steps are blocks of it. The callback is as in Trainer;
  /// it may be called from any thread, by one at a time.
  Result<EpochReport> train_epoch(const std::function<bool(const Progress&)>& on_progress = {});

 private:
  class Impl;
  explicit WordTrainer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The vectors of a vocabulary, for questions about them. Immutable; safe from many threads.
class WordVectors {
 public:
  /// The mean of its features' rows for each bag. Fails if a feature is not the model's, or for lack of memory.
  static Result<WordVectors> create(const Model& model, const SparseRows& bags);
  /// `vectors` is row-major, `width` numbers each.
  WordVectors(std::vector<float> vectors, std::uint32_t width);

  std::size_t size() const noexcept { return width_ == 0 ? 0 : vectors_.size() / width_; }
  std::uint32_t width() const noexcept { return width_; }
  std::span<const float> vector(std::size_t word) const noexcept { return {vectors_.data() + word * width_, width_}; }
  double cosine(std::uint32_t a, std::uint32_t b) const noexcept;  ///< 0 if either vector is

  struct Neighbour {
    std::uint32_t word;
    float cosine;
  };
  /// The `k` words, of the first `among`, nearest to a direction, nearest first, ties to the lower id, without those in `except`.
  std::vector<Neighbour> nearest(std::span<const float> direction, std::size_t k, std::span<const std::uint32_t> except,
                                 std::size_t among = ~std::size_t{0}) const;
  /// The direction of "b is to a as ? is to c": b - a + c of unit vectors (3CosAdd, Mikolov et al. 2013).
  std::vector<float> analogy_direction(std::uint32_t a, std::uint32_t b, std::uint32_t c) const;

  struct Analogy {
    std::uint32_t a, b, c, expected;
  };
  /// For each question whether the word nearest to its direction, of the first `among` and none of the three given, is the
  /// expected one. On all threads of the calling arena.
  std::vector<char> solve(std::span<const Analogy> questions, std::size_t among) const;

 private:
  std::vector<float> vectors_;
  std::vector<float> units_;  ///< the same, each of length 1 (or 0)
  std::uint32_t width_ = 0;
};

/// For word vectors judged by pairs that people have rated: Spearman's rank correlation, equal values sharing the mean of their
/// ranks; 0 where either side does not vary.
double rank_correlation(std::span<const double> a, std::span<const double> b);

}  // namespace glissade
