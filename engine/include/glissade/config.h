#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace glissade {

enum class Storage { fp32, bf16_mixed, bf16 };
enum class LossKind { softmax, decoupled, bce, ns };
enum class Activation { relu, linear };
enum class SamplerKind { lsh, lsh_topk, lsh_threshold, lsh_label, lsh_learned, in_batch, exact, uniform, frequency, full };
enum class Scope { shared, sample };
enum class Correction { on, off, rising };
enum class HashKind { simhash, dwta, wta, minhash };
enum class HashTransform { none, simple };
enum class RehashKind { fixed, decaying, drift };
enum class OptimizerKind { adam, adagrad, momentum, sgd };
enum class MomentType { fp32, bf16 };
enum class SecondMoment { element, row };
enum class Start { random, centroids };
enum class BatchKind { shuffled, similar };
enum class DecayKind { none, linear, cosine };
enum class SparseWeighting { given, idf };
enum class FeatureWeighting { given, unit, tf_idf, bm25, scaled, automatic };
enum class SiblingRows { none, baskets, find };
enum class Topology { fixed, set, rigl, snfs, snip };
enum class SparseLayers { all, input, hidden, output };
enum class DensityRule { uniform, erdos_renyi };
enum class RowTopology { fixed, set, rigl, snfs };
enum class LabelWeights { equal, propensity };

/// Where the active rows besides the true labels come from: the parts fill their shares of the places that these leave, one
/// after another, and what they leave is drawn uniformly. In text "lsh", "lsh:0.25+frequency:0.5+uniform:0.25".
struct SamplerMix {
  struct Part {
    SamplerKind kind;
    double share;  ///< of the places that the labels leave, in (0, 1]
    bool operator==(const Part&) const = default;
  };
  /// A share of this stands for Config::ActiveSet::retrieved_share (samplers that retrieve) or 1 (samplers that draw): a name
  /// alone.
  static constexpr double kUsual = 0;

  std::vector<Part> parts;

  SamplerMix(SamplerKind kind) : parts{{kind, kUsual}} {}  // NOLINT(google-explicit-constructor): a kind is the simplest mix
  explicit SamplerMix(std::vector<Part> several) : parts(std::move(several)) {}
  bool operator==(const SamplerMix&) const = default;
  bool has(SamplerKind kind) const noexcept {
    for (const Part& part : parts) {
      if (part.kind == kind) return true;
    }
    return false;
  }
};

/// A number of output rows, or a part of all of them. In text "2048" or "0.5%".
class ActiveCount {
 public:
  constexpr ActiveCount(std::uint32_t rows) noexcept : rows_(rows) {}  // NOLINT(google-explicit-constructor): a count is a count
  /// `percent` of all rows, in (0, 100].
  static constexpr ActiveCount of_percent(double percent) noexcept {
    ActiveCount count(0);
    count.percent_ = percent;
    return count;
  }
  constexpr bool is_percent() const noexcept { return percent_ > 0; }
  constexpr double percent() const noexcept { return percent_; }
  /// Rows of a layer that has `labels`; a percentage of it rounded up.
  constexpr std::uint32_t of(std::uint32_t labels) const noexcept {
    if (percent_ <= 0) return rows_;
    const double rows = static_cast<double>(labels) * percent_ / 100;
    const auto whole = static_cast<std::uint32_t>(rows);
    return static_cast<double>(whole) < rows ? whole + 1 : whole;
  }
  bool operator==(const ActiveCount&) const = default;

 private:
  std::uint32_t rows_;
  double percent_ = 0;
};

/// The constants A and B of labels' propensities, see propensities() (metrics.h). These are the usual ones; with Amazon's data
/// 0.6 and 2.6 are used, with Wikipedia's 0.5 and 0.4 (Jain et al. 2016).
struct Propensity {
  double a = 0.55;
  double b = 1.5;
  bool operator==(const Propensity&) const = default;
};

/// Everything that decides what a model is and how it is trained, in groups. An aggregate: set what you need, the rest has
/// defaults. Each field is described once, in the option table (options.h), which also feeds the command line, `--help`, the
/// config file and the model file; its groups are these.
struct Config {
  /// The network, its loss and its start.
  struct Network {
    std::vector<std::uint32_t> hidden = {128};             ///< widths; the first is the embedding bag, further ones are dense
    Activation activation = Activation::relu;              ///< of all hidden layers
    Storage storage = Storage::bf16_mixed;                 ///< the option `precision`
    FeatureWeighting weighting = FeatureWeighting::given;  ///< of feature values, before anything else sees them
    LossKind loss = LossKind::softmax;
    LabelWeights label_weights = LabelWeights::equal;  ///< as targets of the loss
    Propensity propensity;                             ///< of labels: these weights, and PSP@k
    Start start = Start::random;                       ///< of the output rows
    double start_length = 1.0;                         ///< of rows that start as centroids
    std::uint32_t active_units = 0;                    ///< of the last hidden layer, for a sample; 0 = all
  };

  /// The sparse rows: each label's weights straight over the input features.
  struct SparseRows {
    std::uint32_t fan_in = 0;  ///< features that a label's sparse row has; 0 = no such rows
    std::uint32_t epochs = 0;  ///< passes over the data in which the rows are trained
    double rate = 0.01;        ///< step size of that training
    double growth = 0.3;       ///< part of a row's features that its topology changes after the first of these passes
    RowTopology topology = RowTopology::fixed;  ///< which features a row has, from one pass to the next
  };

  /// Layers of the hidden path in which each row has some of its connections only, and which these are. A row is a feature's, a
  /// dense hidden unit's or a label's.
  struct Connections {
    double density = 1.0;                     ///< part of these layers' connections that there are; a row has at least one
    SparseLayers layers = SparseLayers::all;  ///< the option `sparse-layers`: embedding bag, dense layers, output layer
    DensityRule rule = DensityRule::uniform;  ///< the option `density-rule`: the same part of each layer, or more of small ones
    Topology topology = Topology::fixed;      ///< how the connections change
    std::uint32_t period = 20;                ///< the option `topology-period`: updates of a row between two changes
    double share = 0.3;                       ///< the option `topology-share`: part of a row's connections that change at first
    std::uint32_t block = 1;                  ///< the option `topology-block`: label rows that share their connections
  };

  /// What sparse rows and neighbours propose as candidates, and what ranks them.
  struct Candidates {
    std::uint32_t neighbours = 0;       ///< training samples whose labels vote for a sample; 0 = samples are not kept
    std::uint32_t co_labels = 0;        ///< labels kept for each that share samples with it most often
    std::uint32_t weight_samples = 0;   ///< training samples from which the features' weights are learned; 0 = they are not
    std::uint32_t list_budget = 20000;  ///< entries of an inverted index that a query reads
    SparseWeighting weighting = SparseWeighting::given;  ///< of features, in sparse rows and among neighbours
    bool exclude_input = false;                          ///< a sample's features are not predicted as its labels
    SiblingRows sibling_rows = SiblingRows::baskets;     ///< which rows are kept together where the paths are weighed
    bool name_match = true;  ///< labels whose names match the sample are candidates, and ranked by it, where names are there
  };

  /// Which output rows a training step touches.
  struct ActiveSet {
    SamplerMix sampler = SamplerKind::uniform;
    Scope scope = Scope::shared;
    ActiveCount size = 2048;                 ///< the option `active`: target size, true labels included
    double retrieved_share = 0.25;           ///< part of the places that a sampler named alone retrieves; the rest is uniform
    double frequency_power = 0.75;           ///< frequency: a label is drawn in proportion to its count to this power
    std::uint32_t query_every = 1;           ///< shared scope: of how many samples one retrieves for the batch
    std::uint32_t collisions = 2;            ///< lsh-threshold: least number of tables in which a row is met
    bool fused = true;                       ///< shared scope: block kernels of our own; off: plain oneDNN products, the baseline
    Correction correction = Correction::on;  ///< weight sampled rows by 1 / inclusion probability (log-q)
  };

  /// The hash tables over output rows, of the samplers and of `--search lsh`.
  struct HashTables {
    HashKind family = HashKind::simhash;
    HashTransform transform = HashTransform::none;
    std::uint32_t probes = 8;      ///< `lsh-learned`: buckets that a query looks into
    double budget = 0;             ///< microseconds per sample from which tune_tables() chooses k, count, cap and period; 0 = off
    std::uint32_t k = 9;           ///< codes per table
    std::uint32_t count = 24;      ///< the option `tables`: L
    std::uint32_t bucket_cap = 0;  ///< largest bucket, 0 = unlimited
  };

  /// When rows that moved go to other buckets.
  struct Rehash {
    RehashKind kind = RehashKind::drift;
    std::uint64_t period = 65536;  ///< samples between re-hashes (or drift checks); each is spread over the next period
    double growth = 1.5;           ///< decaying: factor from one period to the next
    double threshold = 0.3;        ///< drift: movement, relative to the row's length, that makes a row re-hash
    bool renew = false;            ///< new hash functions in every epoch
  };

  struct Optimizer {
    OptimizerKind kind = OptimizerKind::adam;
    MomentType moments = MomentType::fp32;               ///< adam, momentum: element type of what is kept for each weight
    SecondMoment second_moment = SecondMoment::element;  ///< adam: one for each weight, or one float for a row
    double learning_rate = 0.01;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double clip_norm = 0.0;     ///< longest gradient of a step, all parameters as one vector; 0 = any
    double weight_decay = 0.0;  ///< decoupled, applied to touched rows
  };

  /// The learning rate and the weights over the course of the training.
  struct Schedule {
    double warmup = 0.02;  ///< part of all steps with a linearly rising learning rate
    DecayKind decay = DecayKind::linear;
    double average = 0.0;  ///< part of all steps, the last ones, whose mean weights training ends with
  };

  /// Running text.
  struct Words {
    std::uint32_t window = 5;     ///< farthest neighbour that counts as context; each centre draws its own, 1 .. window
    std::uint32_t negatives = 5;  ///< loss ns: words drawn per centre, shared by its contexts
    std::uint32_t min_count = 1;  ///< rarer words are left out of the text
    double subsampling = 1e-3;    ///< words of a larger share of the text are skipped at random, 0 = none
    std::uint32_t min_ngram = 3;  ///< characters of the shortest n-gram that words share
    std::uint32_t max_ngram = 0;  ///< of the longest, 0 = words have rows of their own only
  };

  /// Passes over the data, and what a step sees of them.
  struct Training {
    std::uint32_t epochs = 5;
    std::uint32_t batch = 512;
    std::uint32_t reference_batch = 512;      ///< samples of a step that rates and active sets are for; 0 = any
    std::uint32_t accumulate = 1;             ///< batches whose gradients make one step
    std::uint32_t parts = 1;                  ///< of each piece of a batch, which the ranks of a run share
    std::uint32_t shuffle_block = 0;          ///< samples that are read together; 0 = any order over all of them
    std::uint32_t loader_threads = 1;         ///< that read ahead where the data are read block by block; not part of a model
    BatchKind batches = BatchKind::shuffled;  ///< which samples share one
    double feature_dropout = 0.0;
    double hidden_dropout = 0.0;

    /// Pieces of equal size that a batch is cut into, each with an active set of its own: none is larger than reference_batch.
    std::uint32_t pieces() const noexcept { return reference_batch == 0 ? 1 : (batch + reference_batch - 1) / reference_batch; }
    std::uint32_t piece_samples() const noexcept { return (batch + pieces() - 1) / pieces(); }
    std::uint64_t pieces_of_step() const noexcept { return std::uint64_t{accumulate} * pieces(); }
    /// Samples that go through the network at a time: those of a part.
    std::uint32_t part_samples() const noexcept { return (piece_samples() + parts - 1) / parts; }
    std::uint64_t step_samples() const noexcept { return std::uint64_t{batch} * accumulate; }
  };

  /// How it runs.
  struct Run {
    std::uint64_t seed = 1;
    bool deterministic = false;  ///< the same model for any number of threads, also where that is slower; not part of a model
    std::uint32_t threads = 0;   ///< 0 = all that the process may use; not part of a model
  };

  Network network;
  Connections connections;
  SparseRows sparse_rows;
  Candidates candidates;
  ActiveSet active_set;
  HashTables hash_tables;
  Rehash rehash;
  Optimizer optimizer;
  Schedule schedule;
  Words words;
  Training training;
  Run run;
};

/// Input and output widths of a network.
struct Shape {
  std::uint32_t features = 0;  ///< D
  std::uint32_t labels = 0;    ///< L
  /// Numbers of the vector that each row has beside its features, up to kMostVectorWidth; 0: no vectors.
  std::uint32_t vector_width = 0;
};
inline constexpr std::uint32_t kMostVectorWidth = 16384;

}  // namespace glissade
