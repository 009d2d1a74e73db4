#include "engine/losses/set_sums.h"

#include <limits>

namespace glissade {

void SetSums::begin(const SparseRows& labels) {
  labels_ = labels;
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

SetSum SetSums::of(std::size_t sample) const noexcept {
  if (states_.empty()) return {0.f, {}};
  const auto met = [&](const std::vector<float>& all) {
    return all.empty() ? std::span<const float>() : std::span(all).subspan(first_label(sample), states_[sample].labels);
  };
  return {states_[sample].log_sum, met(logits_), met(weights_)};
}

}  // namespace glissade
