#include "datasets/mapped_rows.h"

namespace glissade::datasets {
namespace {

/// The bytes of rows begin .. end - 1 in one of the arrays that `rows` consists of.
template <class T>
std::string_view part_of(std::span<const T> array, const SparseRows& rows, std::size_t begin, std::size_t end) noexcept {
  const auto bytes = std::as_bytes(array.subspan(rows.offsets[begin], rows.offsets[end] - rows.offsets[begin]));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

template <class Visit>
void MappedRows::for_each_part(std::size_t begin, std::size_t end, const Visit& visit) const noexcept {
  if (begin >= end || end > view_.size()) return;
  visit(part_of(view_.features.ids, view_.features, begin, end));
  visit(part_of(view_.features.values, view_.features, begin, end));
  visit(part_of(view_.labels.ids, view_.labels, begin, end));
}

void MappedRows::fetch(std::size_t begin, std::size_t end) const noexcept {
  for_each_part(begin, end, [this](std::string_view part) { file_->fetch(part); });
}

void MappedRows::release(std::size_t begin, std::size_t end) const noexcept {
  for_each_part(begin, end, [this](std::string_view part) { file_->leave(part); });
}

}  // namespace glissade::datasets
