#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/config.h>

#include "engine/candidates/spread_sample.h"
#include "engine/layers/activation.h"
#include "engine/parameters/parameter_rows.h"
#include "engine/ranking/co_labels.h"
#include "engine/ranking/sparse_paths.h"
#include "hashing/query.h"

namespace glissade {

/// A label's log-probability by the hidden path, from its logit: log(sigmoid) or, with the softmaxes, what log_sum says.
float log_probability(LossKind loss, float logit, float log_sum) noexcept;

/// The candidate labels of one sample at a time, and what speaks for each. One per thread; allocates nothing once its buffers
/// have grown.
class Evidence {
 public:
  /// What the sample is, and what the hidden path says of it.
  struct Sample {
    std::span<const std::uint32_t> ids;
    std::span<const float> values;
    const Activations& hidden;
    std::size_t row;                      ///< of `hidden`
    std::span<const std::uint32_t> best;  ///< labels of the largest logits
    float log_sum;                        ///< of all logits' exponentials
  };
  /// `counts`: training samples of each label. All must outlive it.
  Evidence(const Config& config, const SparsePaths& paths, const ParameterRows& output, const std::vector<std::uint32_t>& counts);

  /// `unknown`: samples of the memory that are to be passed over; empty: none.
  void gather(const Sample& sample, const std::vector<bool>& unknown = {});
  const std::vector<std::uint32_t>& labels() const noexcept { return candidates_; }
  const std::vector<Terms>& terms() const noexcept { return terms_; }
  /// Whether a label is a candidate, or may be none (a feature of the sample, with exclude-input).
  bool is_taken(std::uint32_t label) const noexcept { return is_candidate_.contains(label); }

 private:
  void find_neighbours(const std::vector<bool>& unknown);
  void find_label_rows();
  void add_best(std::span<const std::uint32_t> ids, std::span<const float> scores, std::size_t most);
  void add(std::uint32_t label);
  void score_hidden(const Sample& sample);
  void score_direct();
  void score_votes();
  void describe(const Sample& sample);

  struct Votes {
    float square = 0, fourth = 0, eighth = 0;  ///< sums of likenesses to that power
    float likest = 0, count = 0;
  };

  const Config& config_;
  const SparsePaths& paths_;
  const ParameterRows& output_;
  const std::vector<std::uint32_t>& counts_;
  FeatureIndex::Scratch scratch_;
  SpreadSample spread_;
  std::vector<float> scores_, best_scores_;
  std::vector<std::uint32_t> best_, candidates_, voted_;
  std::vector<Votes> votes_;   ///< beside voted_
  std::vector<float> fourth_;  ///< beside voted_
  Votes all_votes_;
  hashing::StampSet is_candidate_, is_voted_;
  std::vector<std::uint32_t> vote_of_;  ///< by label: its place in voted_
  std::vector<Terms> terms_;
  CoLabelTerms co_labels_;
};

}  // namespace glissade
