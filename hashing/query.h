#pragma once

#include <cassert>
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
    assert(id < stamps_.size());
    if (stamps_[id] == round_) return false;
    stamps_[id] = round_;
    return true;
  }
  bool contains(std::uint32_t id) const noexcept { return stamps_[id] == round_; }

 private:
  friend struct StampSetRound;         // lets a test come near the wrap-around
  std::vector<std::uint32_t> stamps_;  // 0 = never in: round_ is never 0
  std::uint32_t round_ = 1;
};

/// The codes of a group of samples: codes[table * stride + sample] for sample = 0 .. samples - 1.
struct GroupCodes {
  const std::uint32_t* codes;
  std::size_t stride;
  std::size_t samples;
};

/// SLIDE's vanilla retrieval (Chen et al. 2020): visits the tables in a random order (from `seed`), in each table the
/// bucket of every sample, and appends ids not yet in `seen` to `out` until `limit` of them were added. In a table it starts
/// at a random sample and inside a bucket at a random place, both wrapping around, so that a limit met early does not always
/// favour the first samples or the lowest ids. Samples that share a limit share it evenly: a visit takes at most limit / samples
/// ids, and only if that leaves room a second round takes the rest. Returns how many were added. No allocation once `out` has the
/// capacity (but 4 bytes per table at the first call of a thread); else it may throw std::bad_alloc.
std::size_t collect(const Tables& tables, const GroupCodes& group, std::uint64_t seed, std::size_t limit, StampSet& seen,
                    std::vector<std::uint32_t>& out);

}  // namespace glissade::hashing
