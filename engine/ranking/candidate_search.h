#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <glissade/config.h>

#include "engine/candidates/candidate_set.h"
#include "engine/candidates/sparse_query.h"
#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/ranking/co_labels.h"
#include "engine/ranking/ranked_paths.h"
#include "engine/relations/own_labels.h"

namespace glissade {

/// A label's log-probability by the hidden path, from its logit: log(sigmoid) or, with the softmaxes, what log_sum says.
float log_probability(LossKind loss, float logit, float log_sum) noexcept;

/// Finds the candidate labels of one sample at a time, with their features: those of the hidden path and those that the other
/// paths propose. One per thread; allocates nothing once its buffers have grown.
class CandidateSearch {
 public:
  /// What the sample is, and what the hidden path says of it.
  struct Sample {
    std::span<const std::uint32_t> ids;
    std::span<const float> values;
    const Activations& hidden;
    std::size_t row;                           ///< of `hidden`
    std::span<const std::uint32_t> best;       ///< labels of the largest logits
    float log_sum;                             ///< of all logits' exponentials
    std::span<const std::uint32_t> also = {};  ///< candidates that somebody asks about, whatever is proposed
  };
  /// `labels`: how many there are, of which `output` may have some alone. `counts`: training samples of each. `own`: what
  /// exclude-input excludes. All must outlive it.
  CandidateSearch(const Config& config, const RankedPaths& paths, const ParameterRows& output, std::size_t labels,
                  const std::vector<std::uint32_t>& counts, const OwnLabels& own);

  /// `unknown`: training samples to pass over; may be empty.
  void find(const Sample& sample, const std::vector<bool>& unknown = {});

  // Where several ranks have the rows, find() is these in turn: all ranks tell, one hears, all measure, the one describes; and
  // the last three complete it; where the answer is made, take() has what was found. Only the sample's features and best are
  // looked at up to describe(), its log_sum in describe_by_hidden().
  /// What the rows of this rank would propose, one entry per path; `unknown` is of its own samples.
  void tell(const Sample& sample, const std::vector<bool>& unknown, std::vector<ToldRows>& told);
  /// What all ranks have told: labels() are the candidates.
  void hear(const Sample& sample, std::span<const ToldRows> told);
  /// How many numbers measure() has for a label.
  std::size_t numbers() const noexcept;
  /// What describe() will need of labels of this rank, by their places: appends what each path has of all of them, path by path.
  void measure(const Sample& sample, std::span<const std::uint32_t> places, std::vector<float>& out);
  /// What the paths say of labels(), by numbers() that were measured of each; behind hear().
  void describe(const Sample& sample, std::span<const float> measured);
  /// How many numbers of one label each path has, in their order.
  std::vector<std::size_t> numbers_by_path() const;
  /// What was found of the sample elsewhere.
  void take(const Sample& sample, std::span<const std::uint32_t> labels, std::span<const CandidateFeatures> features,
            std::span<const float> scores);
  /// What the hidden path says of them, by logits[i] of labels()[i].
  void describe_by_hidden(const Sample& sample, std::span<const float> logits);
  /// Appends the labels whose co-labels are asked for.
  void speakers(std::vector<std::uint32_t>& out);
  void fill_co_labels(const CoLabelRows& rows);

  const std::vector<std::uint32_t>& labels() const noexcept { return candidates_.labels(); }
  /// How many of labels() come before those that somebody asked about and nothing else proposed.
  std::size_t proposed() const noexcept { return proposed_; }
  /// Of each of labels().
  const std::vector<CandidateFeatures>& features() const noexcept { return candidates_.features(); }
  /// Of each of labels(), if take() had them; valid as long as what it had.
  std::span<const float> scores() const noexcept { return scores_; }
  /// Whether a label is a candidate, or may be none (a feature of the sample, with exclude-input).
  bool is_taken(std::uint32_t label) const noexcept { return candidates_.is_taken(label); }

 private:
  void begin(const Sample& sample);
  void propose(const Sample& sample, const std::vector<bool>& unknown);
  void describe_alone(const Sample& sample);

  const Config& config_;
  const RankedPaths& paths_;
  const ParameterRows& output_;
  const std::vector<std::uint32_t>& counts_;
  OwnLabels own_;
  SparseQuery query_;
  std::vector<std::unique_ptr<ProposingPath::Proposer>> proposers_;
  CandidateSet candidates_;
  std::size_t proposed_ = 0;
  std::span<const float> scores_;
  std::vector<float> logits_;
  CoLabelFeatures co_labels_;
};

}  // namespace glissade
