#include "engine/words/context_batch.h"

#include <algorithm>

#include "hashing/seeds.h"

namespace glissade {

DatasetView ContextSamples::view() const noexcept {
  return {shape.features, shape.labels, {feature_offsets, feature_ids, feature_values}, {label_offsets, label_ids, {}}};
}

void ContextBatch::clear() noexcept {
  samples_.shape = {text_.feature_count, static_cast<std::uint32_t>(text_.counts.size())};
  samples_.feature_offsets.assign(1, 0);
  samples_.label_offsets.assign(1, 0);
  samples_.feature_ids.clear();
  samples_.feature_values.clear();
  samples_.label_ids.clear();
}

template <class Keeps>
void ContextBatch::look(std::size_t place, int direction, std::size_t window, const Keeps& keeps) {
  const std::size_t size = text_.tokens.size();
  // Wraps below 0 to a number past the end.
  for (std::size_t at = place + static_cast<std::size_t>(direction); window > 0 && at < size;
       at += static_cast<std::size_t>(direction)) {
    const std::uint32_t word = text_.tokens[at];
    if (word == TextView::kBreak) return;
    if (!keeps(word, at)) continue;
    samples_.label_ids.push_back(word);
    --window;
  }
}

void ContextBatch::add(std::size_t place, const Subsampling* skipping, std::optional<std::uint64_t> seed) {
  const std::uint32_t centre = text_.tokens[place];
  const std::uint64_t skip_seed = hashing::derive(seed.value_or(0), 1);
  const auto keeps = [&](std::uint32_t word, std::size_t at) {
    return skipping == nullptr || skipping->keeps(word, skip_seed, at);
  };
  if (centre == TextView::kBreak || !keeps(centre, place)) return;
  const std::size_t window = seed ? 1 + hashing::derive(*seed, 2, place) % window_ : window_;
  look(place, -1, window, keeps);
  look(place, 1, window, keeps);
  const auto first = samples_.label_ids.begin() + static_cast<std::ptrdiff_t>(samples_.label_offsets.back());
  if (first == samples_.label_ids.end()) return;
  std::sort(first, samples_.label_ids.end());
  samples_.label_ids.erase(std::unique(first, samples_.label_ids.end()), samples_.label_ids.end());
  samples_.label_offsets.push_back(samples_.label_ids.size());
  const auto ids = text_.bags.row_ids(centre);
  const auto values = text_.bags.row_values(centre);
  samples_.feature_ids.insert(samples_.feature_ids.end(), ids.begin(), ids.end());
  samples_.feature_values.insert(samples_.feature_values.end(), values.begin(), values.end());
  samples_.feature_offsets.push_back(samples_.feature_ids.size());
}

ContextSamples context_samples(const TextView& text, std::uint32_t window) {
  ContextBatch batch(text, window);
  batch.clear();
  for (std::size_t place = 0; place < text.tokens.size(); ++place) batch.add(place, nullptr, std::nullopt);
  return std::move(batch).take();
}

}  // namespace glissade
