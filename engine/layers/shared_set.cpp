#include "engine/layers/shared_set.h"

#include <algorithm>

namespace glissade {

void SharedSet::choose(const Sampler& sampler, const OutputStep& step, std::size_t every) {
  sampler.select({step.labels, 0, step.hidden.samples, step.codes, step.seed, &step.hidden, every}, seen_, active_);
  for (std::uint32_t i = 0; i < active_.labels; ++i) position_[active_.ids[i]] = i;
  if (active_.everything) {
    for (const std::uint32_t label : step.labels.ids) position_[label] = label;
  }
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

void SharedSet::find(std::span<const std::uint32_t> labels, const SetPiece& piece, std::vector<std::uint32_t>& positions) const {
  positions.clear();
  for (const std::uint32_t label : labels) {
    const std::size_t position = position_[label];
    if (position >= piece.first && position < piece.first + piece.size)
      positions.push_back(static_cast<std::uint32_t>(position - piece.first));
  }
}

}  // namespace glissade
