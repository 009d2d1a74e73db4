#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <glissade/config.h>
#include <glissade/label_filter.h>
#include <glissade/result.h>
#include <glissade/views.h>

namespace glissade {

/// Which labels of a sample are scored.
///
///   exact      all
///   learned    those that look best by short codes of the output rows, which the end of training leaves in a model with many
///              labels (Model::code_rows()): about 99 in 100 of the best, at a fraction of the time
///   tables     those in the sample's buckets of all hash tables (lsh is another name of it)
///   automatic  learned where the model has codes and k is small beside the labels; not for probabilities of softmax and
///   decoupled
///              where the codes leave them off by more than a hundredth; else exact
///
/// In a model with sparse paths (options fan-in, neighbours) the 16 best of the scored labels and what the sparse paths name are
/// ranked. A sample that tables or codes leave with fewer than k labels is searched exactly (Predictions::fallbacks).
enum class Search { automatic, exact, tables, learned, lsh = tables };

/// What a score is:
///
///   without sparse paths   the logit
///   with sparse paths      The 16 best labels by logit and those that the sparse paths name are the sample's candidates; what
///   all
///                          paths say together is their score. Every other label comes behind all of them: the lowest candidate's
///                          score plus the label's log-probability by the logits (softmax or sigmoid, as below).
///
/// What a probability is, of a label among the scored ones of its sample (with exact search: among all L):
///
///   loss softmax, decoupled   exp(score) / sum of exp(score): the share of one label drawn for the sample. They sum to 1.
///   loss bce, ns              The probability that this label applies, whatever others do; they sum to the number of labels that
///                             one may expect. Without sparse paths 1 / (1 + exp(-score)). With them that expected number, of the
///                             logits' sigmoids, shared out as exp(score) / sum of exp(score), at most 1.
///
/// Both depend on the model, the sample and `search` alone, not on k or the other samples: the answer for a smaller k is the
/// begin of that for a larger one (tables: unless the sample is searched exactly for the larger one; learned: without sparse
/// paths more labels are scored for a k above 16). Probabilities have the order of the scores. tables takes no notice of labels
/// outside of the buckets, so its probabilities are estimates, mostly too high. learned estimates the sum over the labels that it
/// does not score from their codes.
struct PredictOptions {
  std::uint32_t k = 5;  ///< labels per sample, 1 .. 1000
  Search search = Search::automatic;
  bool probabilities = false;   ///< probabilities instead of scores; in a model with a calibration those of calibration.h
  std::uint64_t first_row = 0;  ///< number of the first row in messages, where the rows are a piece of something longer
  /// Labels that are no answers: row r's to row r, in any order, repeats and ids from L on without effect. Empty: none; else as
  /// many rows as there are to predict. The labels behind them move up and keep their scores. Costs about as much as a k that is
  /// larger by the longest of these rows.
  SparseRows excluded = {};
  /// Labels that may be answers; null: all. The best k of them are answered, however many others are better. Scores and
  /// probabilities are those that the labels have without it: others keep their part in sums, and stay candidates. As many labels
  /// as the model has. The search `learned` looks at the permitted rows that look best; where few labels are permitted, their
  /// rows are scored whatever the search is. Must outlive the call.
  const LabelFilter* filter = nullptr;
};

/// The best labels of each sample, row-major: sample r has entries r * k .. r * k + k - 1, best first, equal scores by the
/// lower label. Every sample has min(k, L) labels; with PredictOptions::excluded, or the option exclude-input and sparse paths,
/// min(k, L - what it excludes); with a filter L is the number of permitted labels. Only the places behind these are kNoLabel
/// with score -infinity.
struct Predictions {
  static constexpr std::uint32_t kNoLabel = 0xffffffffu;
  std::uint32_t k = 0;
  std::vector<std::uint32_t> labels;
  std::vector<float> scores;
  std::uint64_t candidates = 0;  ///< scored labels (see Search), over all samples
  std::uint64_t fallbacks = 0;   ///< samples that tables or codes left short and that were searched exactly
};

class Communicator;

enum class LoadFor { inference, training };

/// A network with its parameters, names and training state. Movable handle. Const members are thread-safe. No thread may call
/// them while a Trainer runs on this model.
class Model {
 public:
  /// A new network, weights drawn from config.run.seed, hash tables chosen by tune_tables() where the config gives a budget for
  /// them. `feature_labels`: for exclude-input where features and labels are the same things under other ids; one entry per
  /// feature, the label that it is or kNoLabel, no label twice (relate_rows() finds them). Empty: equal ids are the same thing.
  /// Kept in the model file. Fails on an invalid config, entries that are none, or too little memory.
  static Result<Model> create(const Config& config, const Shape& shape, std::vector<std::uint32_t> feature_labels = {});
  /// The shard of this rank of a new model whose rows `ranks` share out (Trainer::create_among, Distribution::labels): of
  /// features and labels it has every ranks.size()-th row, and all else. Alone it is create(). Usage error if there are fewer
  /// features or labels than ranks. `ranks` must outlive the model, and so for load_shard(). Collective.
  ///
  /// Rank 0 of a shard predicts, evaluates and saves like a whole model; while it does, the other ranks must be in answer().
  /// Exact search alone; no filters, tables or codes, explanations, scores of given labels, hidden vectors; no Learner. Rank 0
  /// gets each batch's sums and the best labels of all ranks: a few bytes a sample and hidden unit, whatever the number of
  /// labels; with sparse paths also candidates, which ranks share out, and logits.
  static Result<Model> create_shard(Communicator& ranks, const Config& config, const Shape& shape,
                                    std::vector<std::uint32_t> feature_labels = {});
  static constexpr std::uint32_t kNoLabel = 0xffffffffu;

  /// What create_from() took over, in rows.
  struct Taken {
    std::uint64_t labels = 0;
    std::uint64_t features = 0;
  };
  /// A new model that starts from the weights of another: the hidden layers and the output rows. Rows are matched by name where
  /// both sides have names (`feature_names` and `label_names` are the new model's, and stay in it), otherwise by number, and
  /// then the counts must be equal. Rows without a match start as in create(), and by config.network.start. What depends on the
  /// data (sparse paths, counts, hash tables) is made anew by training; steps and optimiser state start anew, too. Usage error
  /// where hidden widths or activation differ, or rows cannot be matched. `from` may be loaded for inference. `ranks`: the new
  /// model is a shard, see create_shard().
  static Result<Model> create_from(const Model& from, const Config& config, const Shape& shape,
                                   std::vector<std::string> feature_names = {}, std::vector<std::string> label_names = {},
                                   Taken* taken = nullptr, std::vector<std::uint32_t> feature_labels = {},
                                   Communicator* ranks = nullptr);

  /// Reads a model file. For inference the weights are mapped, not copied, and the training state is left on disk; for training
  /// everything is loaded and training may go on. Refuses a truncated, altered, foreign or newer file with one line.
  /// Replace a file that may be in use by renaming a new one over it, as save() does: while a model loaded for inference lives,
  /// truncating its file in place makes the system send SIGBUS (a library cannot handle that for its host), and overwriting it
  /// changes the weights.
  static Result<Model> load(const std::string& path, LoadFor purpose = LoadFor::inference);

  /// The same file, or the shards that several ranks have saved: of features and labels the rows of this rank, whatever the
  /// number of ranks that wrote them. Alone it is load(), which reads shards too, all rows into memory. Collective.
  static Result<Model> load_shard(Communicator& ranks, const std::string& path, LoadFor purpose = LoadFor::inference);

  /// Whether other ranks have rows of this model.
  bool is_shard() const noexcept;
  /// What rank 0 tells the others; the meaning is the application's.
  struct Told {
    std::int64_t code = 0, value = 0;
  };
  /// A shard of rank 0: ends the others' answer().
  Result<void> tell(const Told& what);
  /// A shard of another rank: does what calls of rank 0 need of it, until that tells something. Fails where a rank is lost.
  Result<Told> answer();

  /// Writes to a temporary file beside `path`, syncs, renames: `path` is either the old file or the whole new one.
  /// Without the training state the file is smaller and cannot be trained on. With it, training that goes on from the file does
  /// what it would have done without a stop, also within a pass; the hash tables are in the file then.
  ///
  /// A shard: every rank writes a file beside `path` for its rows, named after what it has, and then rank 0 the file itself,
  /// which names them: so the whole set is the old one or the new one. Files of sets that no model file in the folder names any
  /// more are removed.
  Result<void> save(const std::string& path, bool with_training_state = true) const;

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const Config& config() const noexcept;
  Shape shape() const noexcept;
  std::uint64_t step() const noexcept;         ///< optimiser steps so far
  std::uint32_t epochs_done() const noexcept;  ///< whole passes so far
  std::uint64_t pass_done() const noexcept;    ///< samples trained of a pass that is under way, 0 between two passes
  std::uint64_t pass_rows() const noexcept;    ///< samples of the data set that pass goes over, 0 between two passes
  bool trainable() const noexcept;             ///< false after loading for inference
  std::uint64_t parameters() const noexcept;   ///< of rows that are kept compactly the connections alone
  std::uint64_t memory_bytes() const noexcept;

  /// One name per label / feature, or empty.
  const std::vector<std::string>& label_names() const noexcept;
  const std::vector<std::string>& feature_names() const noexcept;
  Result<void> set_label_names(std::vector<std::string> names);
  Result<void> set_feature_names(std::vector<std::string> names);

  /// The label that each feature is, as create() was told; empty: equal ids.
  std::span<const std::uint32_t> feature_labels() const noexcept;

  /// How often each label occurred in the training data, and the number of training samples: what propensities are made from.
  /// Empty / 0 before training.
  std::span<const std::uint32_t> label_counts() const noexcept;
  std::uint64_t training_samples() const noexcept;

  /// The content of the rows that the passes so far went over (glissade::fingerprint); 0 before the first one, and in model
  /// files that were written before version 0.2 until training goes on.
  std::uint64_t data_fingerprint() const noexcept;

  /// Changes config().training.epochs: how many passes training goes on for, also when all were done. The schedules of learning
  /// rate, correction and averaging are then those of a run of that many epochs. Usage error if fewer than epochs_done(), or 0.
  Result<void> set_epochs(std::uint32_t epochs);
  /// Takes over the options that are no part of a model file (threads, loader-threads, deterministic): a model that was read
  /// from one has their defaults.
  void set_machine_options(const Config& config);

  /// A text of the application's own about how its data are read, UTF-8; kept in the model file, with and without training
  /// state.
  const std::string& data_notes() const noexcept;
  void set_data_notes(std::string notes);

  /// A text of the application's own that is saved with the training state, UTF-8, such as the state of a run. Empty unless
  /// set.
  const std::string& run_notes() const noexcept;
  void set_run_notes(std::string notes);

  /// The best labels of each row of `inputs`. Fails if an id is >= shape().features, a value is not finite, vectors are none of
  /// shape().vector_width numbers, or scores
  /// overflow (huge values, or a model whose weights have diverged); the message names the first such row, or if
  /// Search::learned is asked for and the model has no codes, or if a filter is for another number of labels or permits none.
  /// With Search::tables the first call builds tables over the weights and keeps them, unless training has left full ones; what
  /// training does and what is saved never depend on calls of predict. Thread-safe, also inside a parallel loop of the
  /// caller's: no call waits for another one.
  Result<Predictions> predict(const InputRows& inputs, const PredictOptions& options = {}) const;

  /// The search that predict() would do: `options.search`, or what automatic stands for.
  Search search_for(const PredictOptions& options) const noexcept;

  /// Makes the codes that Search::learned needs, from the output rows and up to 2,048 of `inputs`, rows as they will be asked
  /// for (of the training data, say); none where an output layer is so small or so hard to code that they do not pay. The last
  /// epoch of Trainer::train_epoch() does it by itself; this is for models from before, or whose training was stopped. Later
  /// training drops them. About 5 s for 670,000 labels of 128 weights on two threads. Fails as predict() does on illegal rows.
  /// Not thread-safe.
  Result<void> code_rows(const InputRows& inputs);
  /// Whether there are such codes, for Search::learned.
  bool has_codes() const noexcept;

  class Impl;  ///< internal, never complete outside of the library

 private:
  friend struct ModelAccess;  ///< internal: engine/model/access.h
  static Result<Model> load_rows(Communicator* ranks, const std::string& path, LoadFor purpose);
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace glissade
