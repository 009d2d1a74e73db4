#include "engine/dense/packed_rows.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

namespace glissade {
namespace {

constexpr std::size_t kGrain = 128;

template <class CopyRow>
void copy_rows(std::size_t count, const CopyRow& copy_row) {
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, count, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t i = range.begin(); i != range.end(); ++i) copy_row(i);
  });
}

}  // namespace

const void* PackedRows::at(std::size_t row) const noexcept {
  const std::size_t bytes = element_ == dense::Element::bf16 ? sizeof(std::uint16_t) : sizeof(float);
  return static_cast<const std::byte*>(data_) + row * stride_ * bytes;
}

void PackedRows::take_range(const ParameterRows& rows, std::size_t first, std::size_t count, dense::Element element) {
  stride_ = rows.stride();
  element_ = element;
  if (element == dense::Element::bf16 && rows.is_compact()) {
    halves_.reserve_discard(count * stride_);
    copy_rows(count, [&](std::size_t i) { rows.read_halves(first + i, halves_.data() + i * stride_); });
    data_ = halves_.data();
  } else if (element == dense::Element::bf16) {
    data_ = rows.high.data() + first * stride_;
  } else if (rows.storage() == Storage::fp32 && !rows.is_compact()) {
    data_ = rows.weights.data() + first * stride_;
  } else {
    floats_.reserve_discard(count * stride_);
    copy_rows(count, [&](std::size_t i) { rows.read_forward(first + i, floats_.data() + i * stride_); });
    data_ = floats_.data();
  }
}

void PackedRows::take(const ParameterRows& rows, std::span<const std::uint32_t> ids, dense::Element element) {
  stride_ = rows.stride();
  element_ = element;
  if (element == dense::Element::bf16) {
    halves_.reserve_discard(ids.size() * stride_);
    copy_rows(ids.size(), [&](std::size_t i) { rows.read_halves(ids[i], halves_.data() + i * stride_); });
    data_ = halves_.data();
  } else {
    floats_.reserve_discard(ids.size() * stride_);
    copy_rows(ids.size(), [&](std::size_t i) { rows.read_forward(ids[i], floats_.data() + i * stride_); });
    data_ = floats_.data();
  }
}

}  // namespace glissade
