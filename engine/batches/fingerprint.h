#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <glissade/views.h>

namespace glissade {

/// fingerprint() of a data set that is read a piece at a time.
class Fingerprint {
 public:
  /// Rows that are hashed as one; pieces begin at multiples of it.
  static constexpr std::size_t kRows = 4096;

  /// Rows begin .. end - 1, in ascending order from 0 on; `begin` is a multiple of kRows. In parallel.
  void add(const DatasetView& data, std::size_t begin, std::size_t end);
  /// `added`: how many of the rows are no samples (DatasetView::added).
  std::uint64_t value(std::size_t added) const noexcept;

 private:
  std::vector<std::uint64_t> parts_;
};

/// Likewise of a running text. Memory speed, on the calling thread. Never 0.
std::uint64_t text_fingerprint(std::span<const std::uint32_t> tokens) noexcept;

}  // namespace glissade
