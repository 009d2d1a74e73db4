#pragma once

#include <cstddef>
#include <cstdint>

#include <glissade/views.h>

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

/// Lets rows go behind a reader that passes through a data set from the first row to the last, so that a few MiB of a mapped file
/// are held at a time, however long its rows are. Does nothing without a pager. `view` must outlive it.
class RowTrail {
 public:
  RowTrail(const RowPager* pager, const DatasetView& view) noexcept : pager_(pager), view_(view) {}
  /// Blocks of rows end within a page, and such pages stay: the last call takes all.
  ~RowTrail() {
    if (pager_ != nullptr) pager_->release(0, view_.size());
  }
  RowTrail(const RowTrail&) = delete;
  RowTrail& operator=(const RowTrail&) = delete;

  /// The rows before `row` are read.
  void passed(std::size_t row) noexcept {
    if (pager_ == nullptr || entries_before(row) - entries_before(begin_) < kEntries) return;
    pager_->release(begin_, row);
    begin_ = row;
  }

  static constexpr std::uint64_t kEntries = std::uint64_t{1} << 19;  ///< 4 MiB of ids and values

 private:
  std::uint64_t entries_before(std::size_t row) const noexcept { return view_.features.offsets[row] + view_.labels.offsets[row]; }

  const RowPager* pager_;
  const DatasetView& view_;
  std::size_t begin_ = 0;
};

}  // namespace glissade
