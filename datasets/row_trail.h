#pragma once

#include <glissade/row_pager.h>
#include <glissade/views.h>

#include <cstddef>
#include <cstdint>

namespace glissade::datasets {

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

}  // namespace glissade::datasets
