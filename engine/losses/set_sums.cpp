#include "engine/losses/set_sums.h"

#include <algorithm>
#include <limits>

namespace glissade {

void SetSums::begin(const SparseRows& labels) {
  labels_ = labels;
  has_all_labels_ = true;
  states_.assign(labels.rows(), {-std::numeric_limits<float>::infinity(), 0});
  logits_.resize(labels.ids.size());
  weights_.resize(labels.values.size());
}

void SetSums::add(const Loss& loss, std::size_t sample, const LogitRow& piece) {
  State& state = states_[sample];
  state.log_sum = log_add(state.log_sum, loss.normaliser(piece));
  for (std::size_t i = 0; i < piece.positions.size(); ++i) {
    const std::size_t at = first_label(sample) + state.labels++;
    logits_[at] = piece.z[piece.positions[i]];
    if (!weights_.empty()) weights_[at] = piece.label_weights[i];
  }
}

void SetSums::log_sums(std::vector<float>& out) const {
  out.clear();
  for (const State& state : states_) out.push_back(state.log_sum);
}

void SetSums::set_log_sums(std::span<const float> sums) noexcept {
  for (std::size_t sample = 0; sample < states_.size(); ++sample) states_[sample].log_sum = sums[sample];
  has_all_labels_ = false;
}

void SetSums::append_label_logits(std::vector<float>& out) const {
  for (std::size_t sample = 0; sample < states_.size(); ++sample) {
    const auto begin = logits_.begin() + static_cast<std::ptrdiff_t>(first_label(sample));
    out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(states_[sample].labels));
  }
}

void SetSums::set_label_logits(std::span<const float> logits) noexcept {
  std::ranges::copy(logits, logits_.begin());
  std::ranges::copy(labels_.values, weights_.begin());
  for (std::size_t sample = 0; sample < states_.size(); ++sample) states_[sample].labels = labels_.row_ids(sample).size();
  has_all_labels_ = true;
}

SetSum SetSums::of(std::size_t sample) const noexcept {
  if (states_.empty()) return {0.f, {}};
  if (!has_all_labels_) return {states_[sample].log_sum, {}, labels_.row_values(sample)};
  const auto met = [&](const std::vector<float>& all) {
    return all.empty() ? std::span<const float>() : std::span(all).subspan(first_label(sample), states_[sample].labels);
  };
  return {states_[sample].log_sum, met(logits_), met(weights_)};
}

}  // namespace glissade
