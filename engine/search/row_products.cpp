#include "engine/search/row_products.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <numeric>

#include "engine/dense/gemm.h"
#include "engine/layers/compact_rows.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kBytes = 512 * 1024;  ///< of packed rows
constexpr std::size_t kScores = 1 << 16;
constexpr std::size_t kMostRows = 4096, kLeastRows = 256;
/// From this many samples on, packing rows for a block product costs less than it gains.
constexpr std::size_t kPackFrom = 24;
/// From so many samples on, spreading a compact row out costs less than gathering for each sample.
constexpr std::size_t kSpreadFrom = 4;
/// Rows that samples share at a time: 16 KiB of them at 128 floats a row.
constexpr std::size_t kShared = 32;

constexpr std::array<std::uint32_t, kMostRows> kInOrder = [] {
  std::array<std::uint32_t, kMostRows> ids{};
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}();

void one_sample(const ParameterRows& rows, const Activations& hidden, std::size_t sample, std::size_t first, std::size_t count,
                float* scores) noexcept {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t skip = first * rows.pitch();
  if (rows.is_compact()) {
    compact_dots(rows, hidden, sample, {kInOrder.data(), count}, first, scores);
  } else if (rows.storage() == Storage::fp32) {
    kernels.dots_f32(hidden.row(sample), rows.weights.data() + skip, rows.stride(), kInOrder.data(), count, rows.width(), scores);
  } else {
    kernels.dots_bf16(hidden.half_row(sample), rows.high.data() + skip, rows.stride(), kInOrder.data(), count, rows.width(),
                      scores);
  }
}

}  // namespace

std::size_t RowProducts::piece(const ParameterRows& rows, std::size_t samples) noexcept {
  const std::size_t at_once = std::clamp<std::size_t>(samples, 1, kMostSamples);
  std::size_t most = kScores / at_once;
  if (samples >= kPackFrom) most = std::min(most, kBytes / (rows.stride() * sizeof(float)));
  return std::clamp(std::bit_floor(std::max<std::size_t>(most, 1)), kLeastRows, kMostRows);
}

void RowProducts::take(const ParameterRows& rows, std::size_t first, std::size_t count, std::size_t samples) {
  assert(count <= piece(rows, samples));
  rows_ = &rows;
  first_ = first;
  count_ = count;
  packed_ = samples >= kPackFrom;
  if (!packed_) return;
  panels_.take_range(rows, first, count, dense::element_for(rows.storage()));
  bias_.assign(panels_.padded_rows(), 0.f);
  std::copy_n(rows.bias.data() + first, count, bias_.data());
}

void RowProducts::share_rows(const Activations& hidden, std::size_t begin, std::size_t end, float* scores, std::size_t stride) {
  const simd::Kernels& kernels = simd::kernels();
  const ParameterRows& rows = *rows_;
  const bool compact = rows.is_compact();
  if (compact ? end - begin < kSpreadFrom : dense::element_for(rows.storage()) == dense::Element::bf16) {
    for (std::size_t i = 0; i < count_; i += kShared) {
      for (std::size_t s = begin; s < end; ++s)
        one_sample(rows, hidden, s, first_ + i, std::min(kShared, count_ - i), scores + (s - begin) * stride + i);
    }
    return;
  }
  constexpr std::size_t kGroup = simd::kPairColumns;
  std::array<const float*, kPackFrom> samples{};
  std::array<float, kPackFrom * kGroup> products;
  for (std::size_t s = begin; s < end; ++s) samples[s - begin] = hidden.row(s);
  const bool narrow = compact || rows.storage() != Storage::fp32;
  if (narrow) wide_.reserve_discard(kGroup * rows.stride());
  for (std::size_t i = 0; i < count_; i += kGroup) {
    const std::size_t group = std::min(kGroup, count_ - i), skip = (first_ + i) * rows.stride();
    if (compact) {
      for (std::size_t r = 0; r < group; ++r) rows.read_forward(first_ + i + r, wide_.data() + r * rows.stride());
    } else if (narrow) {
      kernels.widen(rows.high.data() + skip, wide_.data(), group * rows.stride());
    }
    std::array<const float*, kGroup> shared{};
    for (std::size_t r = 0; r < group; ++r) shared[r] = (narrow ? wide_.data() : rows.weights.data() + skip) + r * rows.stride();
    kernels.pair_dots_f32(samples.data(), end - begin, shared.data(), group, rows.width(), products.data());
    for (std::size_t s = 0; s < end - begin; ++s) std::copy_n(products.data() + s * group, group, scores + s * stride + i);
  }
}

void RowProducts::score(const Activations& hidden, std::size_t begin, std::size_t end, float* scores, std::size_t stride) {
  const std::size_t samples = end - begin;
  assert(samples <= kMostSamples && (packed_ || samples < kPackFrom));
  if (packed_) {
    const bool halves = dense::element_for(rows_->storage()) == dense::Element::bf16;
    const void* a = halves ? static_cast<const void*>(hidden.half_row(begin)) : hidden.row(begin);
    panels_.multiply(a, hidden.stride, samples, bias_.data(), scores, stride);
    return;
  }
  if (samples == 1) {
    one_sample(*rows_, hidden, begin, first_, count_, scores);
  } else {
    share_rows(hidden, begin, end, scores, stride);
  }
  for (std::size_t s = 0; s < samples; ++s)
    simd::kernels().axpy_f32(1.f, rows_->bias.data() + first_, scores + s * stride, count_);
}

}  // namespace glissade
