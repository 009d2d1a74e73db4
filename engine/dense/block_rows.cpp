#include "engine/dense/block_rows.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "engine/dense/gemm.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

using simd::kBlockDepth;
using simd::kPanelColumns;

constexpr std::size_t kMostRows = 64;  ///< of a block

constexpr std::array<std::uint32_t, kMostRows> kRowsInOrder = [] {
  std::array<std::uint32_t, kMostRows> ids{};
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}();

std::size_t up_to(std::size_t n, std::size_t unit) noexcept { return (n + unit - 1) / unit * unit; }

}  // namespace

void UnitColumns::take(const float* values, const std::uint16_t* halves, std::size_t stride, std::size_t samples,
                       std::size_t width) {
  values_ = values;
  halves_ = halves;
  stride_ = stride;
  samples_ = samples;
  // A sample alone is multiplied with rows of weights one by one, and fewer than a panel cost less so than a panel would.
  padded_ = samples < kPanelColumns ? 0 : up_to(samples, kPanelColumns);
  if (padded_ == 0) return;
  const simd::Kernels& kernels = simd::kernels();
  columns_.assign(width * padded_, 0.f);
  kernels.transpose_f32(values, stride, samples, width, columns_.data(), padded_);
  if (halves == nullptr || dense::element_for(Storage::bf16) != dense::Element::bf16) return;
  half_columns_.resize(columns_.size());
  kernels.narrow_nearest(columns_.data(), half_columns_.data(), columns_.size());
}

BlockRows::BlockRows(const ParameterRows& rows)
    : block_(rows.block()), depth_(up_to(rows.options().fan_in, kBlockDepth)), labels_(rows.rows()), bias_(rows.rows()) {
  const std::size_t places = rows.patterns() * block_;
  ids_ = Array<std::uint16_t>(rows.patterns() * depth_);
  if (rows.storage() == Storage::fp32) {
    weights_ = Array<float>(places * depth_);
  } else {
    halves_ = Array<std::uint16_t>(places * depth_);
  }
  for (std::uint32_t row = 0; row < rows.rows(); ++row) labels_[rows.places[row]] = row;
  tbb::parallel_for(std::size_t{0}, rows.patterns(), [&](std::size_t block) {
    std::ranges::copy(rows.pattern(block), ids_.data() + block * depth_);
    for (std::size_t place = block * block_; place < std::min((block + 1) * block_, labels_.size()); ++place)
      take_row(rows, place);
  });
}

void BlockRows::take_row(const ParameterRows& rows, std::size_t place) {
  const std::size_t row = labels_[place], begin = rows.begin(row);
  const auto ids = rows.connections_of(row);
  for (std::size_t d = 0; d < ids.size(); ++d) {
    if (weights_.empty()) {
      halves_[place * depth_ + d] = rows.high[begin + ids[d]];
    } else {
      weights_[place * depth_ + d] = rows.weights[begin + ids[d]];
    }
  }
  bias_[place] = rows.bias[row];
}

std::size_t BlockRows::memory_bytes() const noexcept {
  return labels_.size() * sizeof(std::uint32_t) + ids_.bytes() + weights_.bytes() + halves_.bytes() + bias_.bytes();
}

void BlockRows::score(const UnitColumns& samples, std::size_t first, std::size_t count, float* scores, std::size_t stride) const {
  if (samples.padded_ == 0) {
    for (std::size_t s = 0; s < samples.samples_; ++s) {
      const std::size_t at = s * samples.stride_;
      if (weights_.empty()) {
        score_apart(samples.halves_ + at, halves_.data(), first, count, scores + s * stride);
      } else {
        score_apart(samples.values_ + at, weights_.data(), first, count, scores + s * stride);
      }
    }
    return;
  }
  for (std::size_t i = 0; i < count; i += block_)
    score_together(samples, (first + i) / block_, std::min(block_, count - i), scores + i, stride);
}

/// Of one sample. A block's numbers are gathered before the products of the one before it: what was just written cannot be read
/// in wider words at once.
template <class T>
void BlockRows::score_apart(const T* x, const T* weights, std::size_t first, std::size_t count, float* scores) const {
  const simd::Kernels& kernels = simd::kernels();
  static thread_local std::vector<T> gathered;
  gathered.resize(2 * depth_);
  const auto gather = [&](std::size_t i) {
    const std::size_t block = (first + i) / block_;
    T* const to = gathered.data() + block % 2 * depth_;
    if (i >= count) return to;
    const std::uint16_t* const ids = ids_.data() + block * depth_;
    for (std::size_t d = 0; d < depth_; ++d) to[d] = x[ids[d]];
    return to;
  };
  const T* next = gather(0);
  for (std::size_t i = 0; i < count; i += block_) {
    const T* const here = next;
    next = gather(i + block_);
    const T* const rows = weights + (first + i) * depth_;
    const std::size_t some = std::min(block_, count - i);
    if constexpr (sizeof(T) == sizeof(float)) {
      kernels.dots_f32(here, rows, depth_, kRowsInOrder.data(), some, depth_, scores + i);
    } else {
      kernels.dots_bf16(here, rows, depth_, kRowsInOrder.data(), some, depth_, scores + i);
    }
  }
  kernels.axpy_f32(1.f, bias_.data() + first, scores, count);
}

void BlockRows::score_together(const UnitColumns& samples, std::size_t block, std::size_t count, float* scores,
                               std::size_t stride) const {
  const simd::Kernels& kernels = simd::kernels();
  const std::uint16_t* const ids = ids_.data() + block * depth_;
  const std::size_t skip = block * block_ * depth_, columns = samples.padded_;
  static thread_local std::vector<float> logits, wide, zeros;
  logits.resize(count * columns);
  if (!samples.half_columns_.empty() && weights_.empty()) {
    static thread_local std::vector<std::uint16_t> panels;
    panels.resize(depth_ * columns);
    zeros.assign(columns, 0.f);
    kernels.pattern_panels_bf16(samples.half_columns_.data(), columns, ids, depth_, columns, panels.data(),
                                depth_ * kPanelColumns);
    kernels.block_bf16(halves_.data() + skip, depth_, count, depth_, panels.data(), depth_ * kPanelColumns,
                       columns / kPanelColumns, zeros.data(), logits.data(), columns);
    kernels.transpose_f32(logits.data(), columns, count, samples.samples_, scores, stride);
    for (std::size_t s = 0; s < samples.samples_; ++s)
      kernels.axpy_f32(1.f, bias_.data() + block * block_, scores + s * stride, count);
    return;
  }
  const float* weights = weights_.data() + skip;
  if (weights_.empty()) {
    wide.resize(count * depth_);
    kernels.widen(halves_.data() + skip, wide.data(), wide.size());
    weights = wide.data();
  }
  kernels.pattern_logits_f32(weights, depth_, count, ids, depth_, samples.columns_.data(), columns, columns,
                             bias_.data() + block * block_, logits.data(), columns);
  kernels.transpose_f32(logits.data(), columns, count, samples.samples_, scores, stride);
}

}  // namespace glissade
