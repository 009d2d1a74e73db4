#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <glissade/communicator.h>
#include <glissade/result.h>

#include "engine/communication/row_owners.h"

namespace glissade {

/// A model whose rows several ranks share out: sums over what they have, each of the rows that are its own. All ranks call the
/// same functions in the same order. After an error nothing is a sum any more, which error() tells.
class RowShards {
 public:
  /// `wire`: how the values of sums travel.
  explicit RowShards(Communicator& ranks, Wire wire = Wire::fp32) noexcept : ranks_(ranks), wire_(wire) {}

  RowOwners owners() const noexcept {
    return {static_cast<std::uint32_t>(ranks_.rank()), static_cast<std::uint32_t>(ranks_.size())};
  }
  int rank() const noexcept { return ranks_.rank(); }
  int size() const noexcept { return ranks_.size(); }

  /// values[i] becomes the sum of all ranks' values[i], by the time that end_sum() returns; nobody touches them meanwhile. One
  /// sum at a time.
  void begin_sum(std::span<float> values);
  void end_sum();
  /// The same at once.
  void sum(std::span<float> values);
  void sum(std::span<double> values);
  /// `all` becomes the values of all ranks, one behind the other; counts[r] of rank r.
  void gather(std::span<const float> mine, std::span<const std::size_t> counts, std::span<float> all);
  void gather(std::span<const std::uint32_t> mine, std::span<const std::size_t> counts, std::span<std::uint32_t> all);
  /// Where no rank knows how much the others have; all[r] becomes what rank r has.
  void gather_unknown(std::span<const std::byte> mine, std::vector<std::vector<std::byte>>& all);
  /// Numbers for the next exchange(): few, so that they travel together.
  void tell(double number) { told_.push_back(number); }
  /// What each rank has told since the last exchange; all have told as many numbers. heard(r, i): number i of rank r. In the same
  /// time as a sum that was begun.
  void exchange();
  double heard(int rank, std::size_t i) const noexcept { return heard_[static_cast<std::size_t>(rank) * told_count_ + i]; }
  double heard_sum(std::size_t i) const noexcept;
  /// How many numbers of a rank there are.
  std::size_t heard_count() const noexcept { return told_count_; }

  const std::optional<Error>& error() const noexcept { return error_; }

 private:
  void keep(Result<void> done);
  void gather_bytes(std::span<const std::byte> mine, std::span<const std::size_t> counts, std::size_t size,
                    std::span<std::byte> all);

  Communicator& ranks_;
  Wire wire_;
  std::optional<Error> error_;
  PendingOperation sum_;
  std::vector<double> told_, heard_;
  std::size_t told_count_ = 0;
};

}  // namespace glissade
