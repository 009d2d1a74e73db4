#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <glissade/views.h>

#include "engine/losses/loss.h"

namespace glissade {

/// SetSum of each sample of a batch whose active set goes in pieces, collected in a first pass over them. Samples may be added to
/// from several threads, each from one at a time.
class SetSums {
 public:
  /// `labels` of the batch's samples, weights as their values; must outlive the last call of `of`.
  void begin(const SparseRows& labels);
  /// One more piece of a sample's set.
  void add(const Loss& loss, std::size_t sample, const LogitRow& piece);
  SetSum of(std::size_t sample) const noexcept;

  /// Of sets whose other pieces are other processes': log_sum of each sample, and other ones in their place. The logits of labels
  /// are then unknown, which `decoupled` needs, until set_label_logits().
  void log_sums(std::vector<float>& out) const;
  void set_log_sums(std::span<const float> sums) noexcept;
  /// Appends the logits of the labels that were met, sample by sample, in the order of its labels where pieces have that order.
  void append_label_logits(std::vector<float>& out) const;
  /// The logits of all labels, in their order.
  void set_label_logits(std::span<const float> logits) noexcept;

 private:
  std::size_t first_label(std::size_t sample) const noexcept {
    return static_cast<std::size_t>(labels_.row_ids(sample).data() - labels_.ids.data());
  }

  struct State {
    float log_sum;
    std::size_t labels;  ///< met so far
  };
  SparseRows labels_;
  bool has_all_labels_ = true;
  std::vector<State> states_;
  std::vector<float> logits_, weights_;  ///< of labels, those of a sample together, as they were met
};

}  // namespace glissade
