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

  // Where the rows of labels are elsewhere, find() is one of the first two and then the third.
  /// Candidates and what the paths beside the hidden one say of them.
  void propose(const Sample& sample, const std::vector<bool>& unknown = {});
  /// What propose() has found of the sample elsewhere.
  void take(const Sample& sample, std::span<const std::uint32_t> labels, std::span<const CandidateFeatures> features);
  /// What the hidden path says of them, by logits[i] of labels()[i], and what follows from all of it.
  void complete(const Sample& sample, std::span<const float> logits);

  const std::vector<std::uint32_t>& labels() const noexcept { return candidates_.labels(); }
  /// How many of labels() come before those that somebody asked about and nothing else proposed.
  std::size_t proposed() const noexcept { return proposed_; }
  /// Of each of labels().
  const std::vector<CandidateFeatures>& features() const noexcept { return candidates_.features(); }
  /// Whether a label is a candidate, or may be none (a feature of the sample, with exclude-input).
  bool is_taken(std::uint32_t label) const noexcept { return candidates_.is_taken(label); }

 private:
  void begin(const Sample& sample);
  void describe_by_hidden(const Sample& sample, std::span<const float> logits);
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
  std::vector<float> logits_;
  CoLabelFeatures co_labels_;
};

}  // namespace glissade
