#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/result.h>

#include "engine/parameters/parameter_rows.h"

namespace glissade {

/// Whose the rows of one block of parameters are: stretches of rows go to the ranks in turn, so that rows which are frequent
/// because their numbers are small are many ranks'.
struct RowOwners {
  std::uint32_t rank = 0, ranks = 1;
  std::uint32_t shift = 0;  ///< a stretch has 2^shift rows

  /// Stretches so long that pages of memory are one rank's, of few rows shorter ones, so that each rank has some.
  static RowOwners of(const ParameterRows& rows, int rank, int ranks) noexcept {
    constexpr std::size_t kBytes = std::size_t{1} << 14;  // four pages of halves
    const std::size_t row_bytes = 2 * std::max<std::size_t>(1, rows.stride());
    const std::size_t paged = std::bit_ceil(std::max<std::size_t>(1, kBytes / row_bytes));
    const std::size_t shared = std::bit_floor(std::max<std::size_t>(1, rows.rows() / (8 * static_cast<std::size_t>(ranks))));
    return {static_cast<std::uint32_t>(rank), static_cast<std::uint32_t>(ranks),
            static_cast<std::uint32_t>(std::countr_zero(std::min(paged, shared)))};
  }
  std::uint32_t owner(std::uint32_t row) const noexcept { return (row >> shift) % ranks; }
  bool has(std::uint32_t row) const noexcept { return owner(row) == rank; }
  /// Calls visit(begin, end) for the stretches of `owner` among `rows` rows.
  template <class Visit>
  void for_each_stretch(std::uint32_t owner, std::size_t rows, const Visit& visit) const {
    const std::size_t stretch = std::size_t{1} << shift;
    for (std::size_t begin = owner * stretch; begin < rows; begin += ranks * stretch)
      visit(begin, std::min(rows, begin + stretch));
  }
};

/// A model whose rows several ranks share out: sums over what they have, each of the rows that are its own. All ranks call the
/// same functions in the same order. After an error nothing is a sum any more, which error() tells.
class RowShards {
 public:
  /// `wire`: how what sum() adds up travels.
  explicit RowShards(Communicator& ranks, Wire wire = Wire::fp32) noexcept : ranks_(ranks), wire_(wire) {}

  RowOwners owners(const ParameterRows& rows) const noexcept { return RowOwners::of(rows, ranks_.rank(), ranks_.size()); }
  int rank() const noexcept { return ranks_.rank(); }
  int size() const noexcept { return ranks_.size(); }

  /// values[i] becomes the sum of all ranks' values[i].
  void sum(std::span<float> values);
  /// `all` becomes the values of all ranks, one behind the other.
  void gather(std::span<const float> mine, std::span<float> all);
  /// Numbers for the next exchange(): few, so that they travel together.
  void tell(double number) { told_.push_back(number); }
  /// What each rank has told since the last exchange; all have told as many numbers. heard(r, i): number i of rank r.
  void exchange();
  double heard(int rank, std::size_t i) const noexcept { return heard_[static_cast<std::size_t>(rank) * told_count_ + i]; }
  double heard_sum(std::size_t i) const noexcept;
  /// How many numbers of a rank there are.
  std::size_t heard_count() const noexcept { return told_count_; }
  /// The rows of all ranks come to rank 0, with what the optimiser keeps for each. The others' stay as they are.
  void gather_rows(ParameterRows& rows);

  const std::optional<Error>& error() const noexcept { return error_; }

 private:
  void keep(Result<void> done);

  Communicator& ranks_;
  Wire wire_;
  std::optional<Error> error_;
  std::vector<double> told_, heard_;
  std::size_t told_count_ = 0;
};

}  // namespace glissade
