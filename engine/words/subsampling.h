#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/words.h>

namespace glissade {

/// Which words of a text are skipped because there are plenty of them: a word of share f > t of the text stays with the
/// probability sqrt(t / f) + t / f, as word2vec has it. Whether the word at one place stays is a function of (seed, place).
class Subsampling {
 public:
  /// `threshold` 0 keeps all.
  Subsampling(std::span<const std::uint32_t> counts, double threshold);

  bool keeps(std::uint32_t word, std::uint64_t seed, std::uint64_t place) const noexcept;
  /// How many words of the text stay on average.
  double expected() const noexcept { return expected_; }

 private:
  std::vector<std::uint32_t> limits_;  ///< of 32 random bits: kept below
  double expected_ = 0;
};

}  // namespace glissade
