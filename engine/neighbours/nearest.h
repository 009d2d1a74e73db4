#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace glissade {

/// Chooses the rows most like a sample from what several ranks have told of theirs. One per thread; allocates nothing once its
/// buffers have grown.
class Nearest {
 public:
  /// The `most` with the largest likeness, likest first; of rows that are equally like it at the end those with the lower
  /// numbers, wherever they stand: which are chosen does not depend on who has which rows. likeness[i] is of rows[i].
  void choose(std::span<const std::uint32_t> rows, std::span<const float> likeness, std::size_t most);

  std::size_t size() const noexcept { return count_; }
  /// Where in `rows` number i stands, and its likeness.
  std::uint32_t place(std::size_t i) const noexcept { return places_[i]; }
  float likeness(std::size_t i) const noexcept { return values_[i]; }

 private:
  std::size_t count_ = 0;
  std::vector<std::uint32_t> places_, equal_;
  std::vector<float> values_;
};

}  // namespace glissade
