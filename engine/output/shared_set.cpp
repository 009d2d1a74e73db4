#include "engine/output/shared_set.h"

#include <algorithm>

namespace glissade {

void SharedSet::choose(const OutputStep& step, std::size_t every) {
  sets_.begin(step.labels);
  counts_all_ = sets_.select({step.labels, 0, step.hidden.samples, step.codes, step.seed, &step.hidden, every}, seen_, active_);
  for (const std::uint32_t label : step.labels.ids)
    position_[label] = active_.everything && owners_.has(label) ? owners_.place(label) : kNone;
  for (std::uint32_t i = 0; i < active_.labels && !active_.everything; ++i) position_[owners_.row_at(active_.ids[i])] = i;
}

std::size_t SharedSet::exact_in(const SetPiece& piece) const noexcept {
  const std::size_t exact = active_.everything ? rows_ : active_.exact;
  return std::min(piece.size, exact - std::min(exact, piece.first));
}

std::span<const float> SharedSet::log_weights_in(const SetPiece& piece) const noexcept {
  if (active_.log_weights.empty()) return {};
  const std::size_t first = piece.first + exact_in(piece);  // at or behind active_.exact, unless the piece ends before it
  const std::size_t end = piece.first + piece.size;
  return first == end ? std::span<const float>() : std::span(active_.log_weights).subspan(first - active_.exact, end - first);
}

void SharedSet::find(const SparseRows& labels, std::size_t sample, const SetPiece& piece, FoundLabels& found) const {
  found.positions.clear();
  found.weights.clear();
  const auto ids = labels.row_ids(sample);
  const auto weights = labels.row_values(sample);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::size_t position = position_[ids[i]];
    if (position < piece.first || position >= piece.first + piece.size) continue;
    found.positions.push_back(static_cast<std::uint32_t>(position - piece.first));
    if (!weights.empty()) found.weights.push_back(weights[i]);
  }
}

}  // namespace glissade
