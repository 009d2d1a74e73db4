#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <glissade/words.h>

#include "engine/words/subsampling.h"

namespace glissade {

/// A mini-batch of (word, words around it) out of a text, for the engine's steps: made batch by batch, so that pairs are never
/// all in memory. Buffers are reused.
class ContextBatch {
 public:
  ContextBatch(const TextView& text, std::uint32_t window) noexcept : text_(text), window_(window) {}

  void clear() noexcept;
  /// Adds the word at `place` with its context: up to `window` places each way, or a number drawn from 1 to that if there is a
  /// `seed`, not counting words that `skipping` skips. Nothing is added if the word is a break or is skipped itself or stands
  /// alone.
  void add(std::size_t place, const Subsampling* skipping, std::optional<std::uint64_t> seed);

  std::size_t size() const noexcept { return samples_.feature_offsets.size() - 1; }
  DatasetView view() const noexcept { return samples_.view(); }
  ContextSamples take() && noexcept { return std::move(samples_); }

 private:
  /// Neighbours on one side: direction 1 or -1.
  template <class Keeps>
  void look(std::size_t place, int direction, std::size_t window, const Keeps& keeps);

  TextView text_;
  std::uint32_t window_;
  ContextSamples samples_;
};

}  // namespace glissade
