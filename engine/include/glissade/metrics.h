#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <glissade/model.h>
#include <glissade/result.h>
#include <glissade/row_pager.h>
#include <glissade/views.h>

namespace glissade {

/// The cut-offs that are always reported.
inline constexpr std::array<std::uint32_t, 3> kCutoffs = {1, 3, 5};

/// Means over all samples that have at least one true label, at each cut-off of kCutoffs; all in [0, 1].
struct Metrics {
  std::uint64_t samples = 0;     ///< samples given
  std::uint64_t unlabelled = 0;  ///< of these, left out for having no label
  std::array<double, 3> precision = {};
  std::array<double, 3> ndcg = {};
  std::array<double, 3> psp =
      {};  ///< propensity-scored precision, divided by the best reachable one (Jain et al. 2016); 0 without propensities
};

/// Propensity of each label from its training count (Jain, Prabhu, Varma 2016): p = 1 / (1 + C * exp(-A * log(n_l + B))),
/// C = (log N - 1) * (B + 1)^A. A = 0.55 and B = 1.5 are usual;
/// A from 0 on, B above 0.
std::vector<float> propensities(std::span<const std::uint32_t> label_counts, std::uint64_t samples, double a = 0.55,
                                double b = 1.5);

/// Scores predictions (k >= 5) against the true labels. `propensity` may be empty. Ties and missing entries as in Predictions.
/// True labels may have any id: one that no model knows is never predicted, so it is a miss. A label beyond `propensity` counts
/// as always observed (propensity 1).
Metrics score(const Predictions& predictions, const SparseRows& labels, std::span<const float> propensity);

/// A mean over samples, and between which values 95 % of the means of other samples like these would lie.
struct Measure {
  double mean = 0;
  struct Interval {
    double low = 0;
    double high = 0;
  } interval = {};  ///< both 0 where none was asked for
};

/// Means over all samples that have a label, in [0, 1], at one cut-off k.
struct CutoffMetrics {
  std::uint32_t k = 0;
  Measure precision;  ///< of the k best labels, the share that is true
  Measure recall;     ///< of the true labels, the share that is among the k best; HR@k where samples have one label
  Measure hit_rate;   ///< share of the samples with a true label among the k best
  Measure ndcg;
  Measure f1;           ///< of each sample: 2 * hits / (k + its true labels), the harmonic mean of P@k and recall
  Measure mrr;          ///< 1 / rank (from 1) of the first true label among the k best, 0 if there is none
  Measure psp;          ///< as in Metrics; 0 without propensities
  double coverage = 0;  ///< share of all L labels that are among the k best of at least one sample; no mean, so no interval
};

/// Labels that about as many training rows have, from `least` to `most`, and how well they are found.
struct FrequencyBucket {
  std::uint32_t least = 0, most = 0;    ///< 0: no training row has them. 1, 2 .. 3, 4 .. 7, 8 .. 15 and so on
  std::uint64_t labels = 0;             ///< so many of the L labels; ids from L on are not among them
  std::uint64_t true_labels = 0;        ///< times that samples have one of them; ids from L on are in the bucket of 0
  std::vector<std::uint64_t> answered;  ///< times that one is among the k best, for each cut-off of Evaluation::at
  std::vector<std::uint64_t> found;     ///< times that one is so and is true
};

/// What one sample adds to the sums behind Metrics, at each cut-off; all 0 without a label.
struct SampleScores {
  bool labelled = false;
  std::array<double, kCutoffs.size()> precision = {};
  std::array<double, kCutoffs.size()> ndcg = {};
  std::array<double, kCutoffs.size()> psp_found =
      {};  ///< 1 / propensity of the true labels found; PSP@k is sum(found) / sum(best)
  std::array<double, kCutoffs.size()> psp_best = {};  ///< the same for the best k labels that could have been found
};

/// What is known of the labels that answers are drawn from.
struct KnownLabels {
  std::uint32_t count = 0;                   ///< L; Coverage is of these
  std::span<const std::uint32_t> rows = {};  ///< training rows that have each of them; empty: unknown, so there is no PSP@k
  std::uint64_t samples = 0;                 ///< training rows
  Propensity propensity = {};
};

class Replicas;

struct EvaluateOptions {
  Search search = Search::automatic;
  std::optional<Propensity> propensity = {};  ///< constants of PSP@k; none: the model's, config.network.propensity
  const KnownLabels* known = nullptr;         ///< instead of what the model knows, also for the constants of PSP@k
  std::vector<std::uint32_t> cutoffs = {};    ///< of Evaluation::at, each 1 .. 1000
  SparseRows excluded = {};                   ///< labels that are no answers, as PredictOptions::excluded; a true one is a miss
  /// Whether Evaluation::at has intervals: percentiles of a Poisson bootstrap over the samples, 1,000 times, the same for any
  /// number of threads. 32 bytes a sample and cut-off; about 0.2 s for 20,000 samples.
  bool intervals = false;
  bool by_frequency = false;        ///< Evaluation::by_frequency, where training counts are known
  bool keep_rows = false;           ///< Evaluation::rows, for compare(); 32 bytes a sample and cut-off
  bool keep_samples = false;        ///< Evaluation::samples, about 100 bytes each
  const RowPager* pager = nullptr;  ///< of the data: rows are released once they have been scored
  /// Called on the calling thread after each piece of rows, at least a few times a second, and after the last one: rows scored so
  /// far, all rows. False stops the evaluation.
  std::function<bool(std::uint64_t done, std::uint64_t total)> on_progress = {};
  Replicas* replicas = nullptr;  ///< ranks that share the predictions out; the others serve() meanwhile
};

class RowScores;

struct Evaluation {
  Metrics metrics;
  std::vector<CutoffMetrics> at;              ///< one per wanted cut-off, in their order
  std::vector<FrequencyBucket> by_frequency;  ///< ascending; those that hold no label of the model and of the data are left out
  std::shared_ptr<const RowScores> rows;      ///< what each labelled sample scores, where it is to be kept
  std::vector<SampleScores> samples;          ///< one per row scored, where they are to be kept
  double seconds = 0;                         ///< wall time of all predictions
  double candidates_share = 0;                ///< labels scored per sample / L
  bool complete = true;  ///< false: on_progress stopped it, and the rest is about the rows until then (metrics.samples)
};

/// Predicts the whole of `data` in pieces and scores it, with propensities from model.label_counts(). The data may hold labels
/// that the model does not know (ids from L on): no prediction hits them, but they stay among the true labels, so they lower P@k,
/// and nDCG@k and PSP@k by their part of the best that could be reached, there with the weight of a label that no training row
/// has. Features that the model does not know are an error, and so are
/// data without rows or without any label. Thread-safe as Model::predict; the result does not depend on threads or on
/// on_progress.
Result<Evaluation> evaluate(const Model& model, const DatasetView& data, const EvaluateOptions& options = {});

/// Scores answers that are there already, another program's say: `answers` has a row per sample, the ids of its labels, best
/// first, each once; fewer than the deepest cut-off are fine, values are not read. The metrics are those of evaluate(), with
/// seconds and candidates_share 0; `search` and `pager` do not count. Fails as evaluate() does on cut-offs, missing rows and
/// labels.
Result<Evaluation> evaluate_answers(const SparseRows& answers, const SparseRows& labels, const KnownLabels& known,
                                    const EvaluateOptions& options = {});

/// What one evaluation scores more than another one of the same samples: `at` has differences, from -1 to 1, with the intervals
/// of a paired bootstrap (both are resampled alike; Efron, Tibshirani 1993), `coverage` the plain difference.
struct Comparison {
  std::vector<CutoffMetrics> at;
  std::uint64_t samples = 0;                                      ///< labelled ones
  std::uint64_t better = 0, worse = 0;                            ///< samples whose P@k is, at the first cut-off
  bool has_few_samples() const noexcept { return samples < 30; }  ///< a bootstrap over so few is sure of too much
};

/// Compares two evaluations with kept rows. Fails if their cut-offs or their numbers of labelled samples differ; that the samples
/// are the same is for the caller to see to. O(1000 * samples), on all threads of the calling arena.
Result<Comparison> compare(const Evaluation& challenger, const Evaluation& other);

}  // namespace glissade
