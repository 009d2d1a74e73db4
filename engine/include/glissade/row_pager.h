#pragma once

#include <cstddef>

namespace glissade {

/// Moves rows of a data set into memory and out of it again, for one that is larger than what it may take: a mapped file, say.
/// Reading a row is right at any time, whatever was called; the calls change how long it takes and how much memory is held.
/// Safe from many threads.
class RowPager {
 public:
  virtual ~RowPager() = default;
  /// Brings rows begin .. end - 1 into memory. Returns when they are there.
  virtual void fetch(std::size_t begin, std::size_t end) const noexcept = 0;
  /// Rows begin .. end - 1 will not be read soon.
  virtual void release(std::size_t begin, std::size_t end) const noexcept = 0;

 protected:
  RowPager() = default;
  RowPager(const RowPager&) = default;
  RowPager& operator=(const RowPager&) = default;
};

}  // namespace glissade
