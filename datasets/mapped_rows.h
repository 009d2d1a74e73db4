#pragma once

#include <glissade/row_pager.h>
#include <glissade/views.h>

#include <memory>
#include <span>

#include "datasets/mapped_file.h"

namespace glissade::datasets {

/// The rows of a view into a mapped file. What is fetched and released are their ids and values; the offsets, a few bytes for
/// each row, are what says where those are.
class MappedRows : public RowPager {
 public:
  MappedRows(std::shared_ptr<const MappedFile> file, const DatasetView& view) noexcept : file_(std::move(file)), view_(view) {}
  void fetch(std::size_t begin, std::size_t end) const noexcept override;
  void release(std::size_t begin, std::size_t end) const noexcept override;

 private:
  template <class Visit>
  void for_each_part(std::size_t begin, std::size_t end, const Visit& visit) const noexcept;

  std::shared_ptr<const MappedFile> file_;
  DatasetView view_;
};

}  // namespace glissade::datasets
