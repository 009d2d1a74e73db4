#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hashing/tables.h"

namespace glissade::hashing {

/// A set of row ids with O(1) clear: a row is in if its stamp equals the current round. One per thread.
class StampSet {
 public:
  explicit StampSet(std::size_t rows) : stamps_(rows, 0) {}
  void clear() noexcept;
  /// True if `id` was not in.
  bool insert(std::uint32_t id) noexcept {
    if (stamps_[id] == round_) return false;
    stamps_[id] = round_;
    return true;
  }
  bool contains(std::uint32_t id) const noexcept { return stamps_[id] == round_; }

 private:
  std::vector<std::uint32_t> stamps_;
  std::uint32_t round_ = 1;
};

/// The codes of a group of samples: codes[table * stride + sample] for sample = 0 .. samples - 1.
struct GroupCodes {
  const std::uint32_t* codes;
  std::size_t stride;
  std::size_t samples;
};

/// SLIDE's vanilla retrieval (Chen et al. 2020): visits the tables in a random order (from `seed`), in each table the
/// bucket of every sample, and appends ids not yet in `seen` to `out` until `limit` of them were added. Inside a bucket it starts
/// at a random place, so that a full bucket does not always give its lowest ids. Returns how many were added. No
/// allocation once `out` has the capacity.
std::size_t collect(const Tables& tables, const GroupCodes& group, std::uint64_t seed, std::size_t limit, StampSet& seen,
                    std::vector<std::uint32_t>& out) noexcept;

}  // namespace glissade::hashing
