#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "simd/kernels.h"

namespace glissade {

/// The `size` rows with the largest sums, ties to the lower row, of rows that come in their order. The bound rises with what was
/// met, so that nearly all rows are dismissed by one comparison.
class Shortlist {
 public:
  void start(std::size_t size, std::size_t most_sum) {
    size_ = size;
    bound_ = above_ = all_ = 0;
    counts_.assign(most_sum + 2, 0);
    rows_.clear();
    sums_.clear();
  }

  /// Rows first, first + 1, ... with these sums; `places` has room for `count`.
  void add(const simd::Kernels& kernels, std::size_t first, const std::uint16_t* sums, std::size_t count,
           std::vector<std::uint32_t>& places) {
    add(kernels, first, sums, count, places, [](std::uint32_t) { return true; });
  }

  /// Of these, the rows for which takes(row) holds.
  template <class Takes>
  void add(const simd::Kernels& kernels, std::size_t first, const std::uint16_t* sums, std::size_t count,
           std::vector<std::uint32_t>& places, const Takes& takes) {
    const std::size_t least = all_ < size_ ? 0 : bound_ + 1;
    if (least > 0xffff) return;
    const std::size_t met = kernels.places_from(sums, count, static_cast<std::uint16_t>(least), places.data());
    for (std::size_t i = 0; i < met; ++i) {
      const std::uint32_t row = static_cast<std::uint32_t>(first) + places[i];
      if (takes(row)) offer(row, sums[places[i]]);
    }
  }

  /// The rows, ascending; valid until the next start().
  const std::vector<std::uint32_t>& finish() {
    std::size_t ties = all_ < size_ ? all_ : size_ - above_, kept = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const bool stays = sums_[i] > bound_ || (sums_[i] == bound_ && ties != 0);
      if (sums_[i] == bound_ && ties != 0) --ties;
      if (stays) rows_[kept++] = rows_[i];
    }
    rows_.resize(kept);
    return rows_;
  }

  /// All rows outside of the list have at most this sum.
  std::uint16_t bound() const noexcept { return static_cast<std::uint16_t>(bound_); }

 private:
  void offer(std::uint32_t row, std::uint16_t sum) {
    if (all_ >= size_ && sum <= bound_) return;
    rows_.push_back(row);
    sums_.push_back(sum);
    ++counts_[sum];
    ++all_;
    if (sum > bound_) ++above_;
    while (above_ >= size_) above_ -= counts_[++bound_];
  }

  std::size_t size_ = 0;
  std::size_t bound_ = 0;  ///< fewer than size_ rows have more
  std::size_t above_ = 0;  ///< rows with more than that
  std::size_t all_ = 0;
  std::vector<std::uint32_t> counts_;  ///< by sum
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint16_t> sums_;
};

}  // namespace glissade
