#include "engine/output/shared_set.h"

#include <algorithm>

namespace glissade {

void SharedSet::choose(const Sampler& sampler, const OutputStep& step, std::size_t every) {
  sampler.select({step.labels, 0, step.hidden.samples, step.codes, step.seed, &step.hidden, every}, seen_, active_);
  whole_size_ = active_.size(labels_);
  if (owners_.are_several()) return keep_own(step.labels);
  for (std::uint32_t i = 0; i < active_.labels; ++i) position_[active_.ids[i]] = i;
  if (active_.everything) {
    for (const std::uint32_t label : step.labels.ids) position_[label] = label;
  }
}

void SharedSet::keep_own(const SparseRows& labels) {
  first_owner_ = owners_.owner(active_.everything || active_.ids.empty() ? 0 : active_.ids.front());
  for (const std::uint32_t label : labels.ids)
    position_[label] = active_.everything && owners_.has(label) ? owners_.place(label) : kNone;
  if (active_.everything) return;
  std::size_t kept = 0, labels_kept = 0, exact = 0, weights = 0;
  for (std::size_t i = 0; i < active_.ids.size(); ++i) {
    const std::uint32_t label = active_.ids[i];
    if (!owners_.has(label)) continue;
    if (i < active_.labels) {
      position_[label] = static_cast<std::uint32_t>(kept);
      ++labels_kept;
    }
    if (i < active_.exact) {
      ++exact;
    } else if (!active_.log_weights.empty()) {
      active_.log_weights[weights++] = active_.log_weights[i - active_.exact];
    }
    active_.ids[kept++] = owners_.place(label);
  }
  active_.ids.resize(kept);
  active_.log_weights.resize(weights);
  active_.labels = labels_kept;
  active_.exact = exact;
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
