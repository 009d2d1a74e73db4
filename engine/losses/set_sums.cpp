#include "engine/losses/set_sums.h"

#include <limits>

namespace glissade {

void SetSums::begin(const SparseRows& labels) {
  labels_ = labels;
  states_.assign(labels.rows(), {-std::numeric_limits<float>::infinity(), 0});
  logits_.resize(labels.ids.size());
}

void SetSums::add(const Loss& loss, std::size_t sample, const LogitRow& piece) {
  State& state = states_[sample];
  state.log_sum = log_add(state.log_sum, loss.normaliser(piece));
  for (const std::uint32_t position : piece.positions) logits_[first_label(sample) + state.labels++] = piece.z[position];
}

SetSum SetSums::of(std::size_t sample) const noexcept {
  if (states_.empty()) return {0.f, {}};
  return {states_[sample].log_sum, std::span(logits_).subspan(first_label(sample), states_[sample].labels)};
}

}  // namespace glissade
