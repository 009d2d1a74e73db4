#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/parameters/array.h"
#include "engine/progress/work_monitor.h"

namespace glissade {

/// What speaks for a candidate label, one number each.
enum class Term : std::size_t {
  hidden,         ///< log-probability by the hidden path (with bce the log of the sigmoid)
  direct,         ///< product of the sample with the label's sparse row
  direct_share,   ///< the same, of the best candidate's
  votes_2,        ///< share of the neighbours' votes, each to the power 2 of its likeness
  votes_4,        ///< likewise
  votes_8,        ///< likewise
  log_votes,      ///< log(votes_4 + 0.001)
  log_count,      ///< log(training samples of the label + 1)
  co_labels,      ///< what the likeliest candidates say of it as a label of the same sample (co_labels.h)
  log_co_labels,  ///< log(co_labels + 0.001)
  voters,         ///< share of the neighbours that have it
  likeness,       ///< of the likest neighbour that has it
  best_likeness,  ///< of the likest neighbour of all: how much votes are worth
  hidden_gap,     ///< `hidden` less the best candidate's
  direct_best,    ///< `direct` of the best candidate
  log_features,   ///< log(features of the sample + 1)
};
inline constexpr std::size_t kTerms = 16;
inline constexpr std::size_t kPathTerms = 8;  ///< the first ones: what the paths say, each of a candidate alone
using Terms = std::array<float, kTerms>;

/// The candidates of samples that were kept apart, with what speaks for each and how much it is wanted.
struct BlendExamples {
  std::vector<Terms> terms;
  std::vector<std::uint32_t> labels;  ///< which candidates they are
  std::vector<float> targets;         ///< weight of a candidate that is a label of its sample; 0: it is none
  std::vector<std::size_t> ends;      ///< of each sample's candidates

  void add(std::span<const Terms> candidates, std::span<const std::uint32_t> which, std::span<const float> wanted);
};

/// The blend's loss at some weights and its derivatives by them: the mean over samples of the cross entropy, and a ridge over
/// the weights in units of the terms' deviations.
struct BlendSlope {
  double loss = 0;
  std::array<double, kPathTerms> gradient{};
  std::array<std::array<double, kPathTerms>, kPathTerms> curvature{};
};
BlendSlope blend_slope_at(const BlendExamples& examples, std::span<const double, kPathTerms> weights);

/// One weight per term of the paths: a product of experts (Hinton 2002). Fitted as a softmax regression over each sample's
/// candidates, by Newton's method with a little ridge; few weights, so a few thousand samples settle them, and no more are looked
/// at.
struct Blend {
  Array<float> weights;  ///< [kPathTerms]; empty before the first fit

  /// Stopped by the monitor, it is not to be used.
  static Blend fit(const BlendExamples& examples, WorkMonitor& monitor = WorkMonitor::silent());
  /// Units that a fit usually advances a monitor by.
  static std::uint64_t work(const BlendExamples& examples) noexcept;
  /// Before a fit: the hidden path alone if there is one to speak of.
  static Blend start();
  float score(const Terms& terms) const noexcept;
};

}  // namespace glissade
