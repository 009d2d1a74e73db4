#include "engine/output/connected_products.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/layers/in_blocks.h"
#include "simd/kernels.h"
#include "simd/level.h"

namespace glissade {
namespace {

constexpr std::size_t kGroup = 32;  ///< rows or units whose numbers are turned round at once
constexpr std::size_t kParts = 16;  ///< of a set's rows, whose connections are counted apart
constexpr std::size_t kLeastChunk = 16, kMostChunk = 64;
constexpr std::size_t kChunkFloats = 128 * 1024;  ///< of a chunk's hidden vectors: they are to stay in the second-level cache

std::size_t chunk_for(std::size_t samples, std::size_t width) noexcept {
  const std::size_t fitting = kChunkFloats / std::max<std::size_t>(width, 1) / kLeastChunk * kLeastChunk;
  const std::size_t sharing = (samples + 3) / 4 / kLeastChunk * kLeastChunk;  // several threads are to have work
  return std::clamp(std::min(fitting, sharing), kLeastChunk, kMostChunk);
}

/// How many numbers dense products multiply in the time that a connection takes: measured (docs/sparse-layers.md); for tiles by
/// how much faster than AVX-512 with bf16 they are.
std::size_t gain_of(dense::Element element) noexcept {
  constexpr std::size_t kFloats = 3, kHalves = 5, kTiles = 16;
  if (element == dense::Element::f32) return kFloats;
  return simd::active_level() == simd::Level::amx ? kTiles : kHalves;
}

}  // namespace

bool ConnectedProducts::pay(const ParameterRows& rows, dense::Element element) noexcept {
  return rows.is_compact() && gain_of(element) * rows.kept(0) <= rows.width();
}

void ConnectedProducts::take(const Activations& hidden) {
  samples_ = hidden.samples;
  width_ = hidden.width;
  chunk_ = chunk_for(samples_, width_);
  chunks_ = (samples_ + chunk_ - 1) / chunk_;
  units_.reserve_discard(chunks_ * width_ * chunk_);
  in_blocks(samples_, chunk_, [&](std::size_t begin, std::size_t end) {
    float* const units = units_.data() + begin * width_;
    const std::size_t count = end - begin;
    simd::kernels().transpose_f32(hidden.row(begin), hidden.stride, count, width_, units, chunk_);
    for (std::size_t unit = 0; unit < width_ && count < chunk_; ++unit)
      std::fill(units + unit * chunk_ + count, units + (unit + 1) * chunk_, 0.f);
  });
}

void ConnectedProducts::take(const ParameterRows& rows, std::span<const std::uint32_t> ids) {
  rows_ = ids.size();
  fan_in_ = rows.kept(0);
  columns_.resize(rows_ * fan_in_);
  weights_.resize(rows_ * fan_in_);
  gradients_.reserve_discard(chunks_ * rows_ * chunk_);
  in_blocks(rows_, kGroup, [&](std::size_t begin, std::size_t end) {
    for (std::size_t j = begin; j < end; ++j) {
      const std::size_t at = rows.begin(ids[j]);
      std::ranges::copy(rows.connections_of(ids[j]), columns_.data() + j * fan_in_);
      if (rows.storage() == Storage::fp32) {
        std::copy_n(rows.weights.data() + at, fan_in_, weights_.data() + j * fan_in_);
      } else {
        simd::kernels().widen(rows.high.data() + at, weights_.data() + j * fan_in_, fan_in_);
      }
    }
  });
  connect();
}

/// Connections by unit: each part of the rows is counted, and then knows the places of its own.
void ConnectedProducts::connect() {
  const std::size_t part = std::max<std::size_t>(1, (rows_ + kParts - 1) / kParts);
  counts_.assign(kParts * width_, 0);
  in_blocks(rows_, part, [&](std::size_t begin, std::size_t end) {
    std::uint32_t* const counts = counts_.data() + begin / part * width_;
    for (std::size_t e = begin * fan_in_; e < end * fan_in_; ++e) ++counts[columns_[e]];
  });
  begins_.resize(width_ + 1);
  std::uint32_t total = 0;
  for (std::size_t unit = 0; unit < width_; ++unit) {
    begins_[unit] = total;
    for (std::size_t p = 0; p < kParts; ++p) total += std::exchange(counts_[p * width_ + unit], total);
  }
  begins_[width_] = total;
  members_.resize(total);
  member_weights_.resize(total);
  in_blocks(rows_, part, [&](std::size_t begin, std::size_t end) {
    std::uint32_t* const places = counts_.data() + begin / part * width_;
    for (std::size_t j = begin; j < end; ++j) {
      for (std::size_t e = j * fan_in_; e < (j + 1) * fan_in_; ++e) {
        const std::uint32_t place = places[columns_[e]]++;
        members_[place] = static_cast<std::uint16_t>(j);
        member_weights_[place] = weights_[e];
      }
    }
  });
}

void ConnectedProducts::logits(std::size_t begin, std::size_t end, const float* start, float* z, std::size_t stride) const {
  const simd::Kernels& kernels = simd::kernels();
  const float* const units = units_of(begin / chunk_);
  alignas(64) float by_row[kGroup * kMostChunk];
  for (std::size_t first = 0; first < rows_; first += kGroup) {
    const std::size_t count = std::min(kGroup, rows_ - first);
    for (std::size_t j = 0; j < count; ++j) {
      const std::size_t e = (first + j) * fan_in_;
      kernels.pattern_logits_f32(weights_.data() + e, fan_in_, 1, columns_.data() + e, fan_in_, units, chunk_, chunk_,
                                 start + first + j, by_row + j * chunk_, chunk_);
    }
    kernels.transpose_f32(by_row, chunk_, count, end - begin, z + first, stride);
  }
}

void ConnectedProducts::add_hidden_gradients(std::size_t begin, std::size_t end, const float* z, std::size_t stride,
                                             float* hidden_gradient, std::size_t hidden_stride) {
  const simd::Kernels& kernels = simd::kernels();
  const std::size_t samples = end - begin;
  float* const gradients = gradients_.data() + begin / chunk_ * rows_ * chunk_;
  for (std::size_t first = 0; first < rows_; first += kGroup) {
    const std::size_t count = std::min(kGroup, rows_ - first);
    kernels.transpose_f32(z + first, stride, samples, count, gradients + first * chunk_, chunk_);
  }
  for (std::size_t j = 0; j < rows_ && samples < chunk_; ++j)
    std::fill(gradients + j * chunk_ + samples, gradients + (j + 1) * chunk_, 0.f);
  constexpr float kNone = 0;
  alignas(64) float by_unit[kGroup * kMostChunk], by_sample[kMostChunk * kGroup];
  for (std::size_t first = 0; first < width_; first += kGroup) {
    const std::size_t count = std::min(kGroup, width_ - first);
    for (std::size_t unit = first; unit < first + count; ++unit) {
      const std::size_t e = begins_[unit], members = begins_[unit + 1] - e;
      kernels.pattern_logits_f32(member_weights_.data() + e, members, 1, members_.data() + e, members, gradients, chunk_, chunk_,
                                 &kNone, by_unit + (unit - first) * chunk_, chunk_);
    }
    kernels.transpose_f32(by_unit, chunk_, count, samples, by_sample, kGroup);
    for (std::size_t s = 0; s < samples; ++s)
      kernels.axpy_f32(1.f, by_sample + s * kGroup, hidden_gradient + s * hidden_stride + first, count);
  }
}

void ConnectedProducts::row_gradients(std::size_t first, std::size_t count, float* out, float* bias) const {
  const simd::Kernels& kernels = simd::kernels();
  static thread_local std::vector<float> part;
  part.resize(fan_in_);
  std::fill_n(out, count * fan_in_, 0.f);
  std::fill_n(bias, count, 0.f);
  for (std::size_t c = 0; c < chunks_; ++c) {
    const float* const gradients = gradients_.data() + (c * rows_ + first) * chunk_;
    for (std::size_t j = 0; j < count; ++j) {
      const float* const gradient = gradients + j * chunk_;
      kernels.pattern_weights_f32(gradient, chunk_, 1, columns_.data() + (first + j) * fan_in_, fan_in_, units_of(c), chunk_,
                                  chunk_, part.data(), fan_in_);
      kernels.axpy_f32(1.f, part.data(), out + j * fan_in_, fan_in_);
      bias[j] = std::accumulate(gradient, gradient + chunk_, bias[j]);
    }
  }
}

void ConnectedProducts::whole_gradient(std::size_t row, const Activations& hidden, float* out) const {
  std::fill_n(out, width_, 0.f);
  for (std::size_t s = 0; s < samples_; ++s) {
    const float gradient = gradients_[(s / chunk_ * rows_ + row) * chunk_ + s % chunk_];
    if (gradient != 0) simd::kernels().axpy_f32(gradient, hidden.row(s), out, width_);
  }
}

}  // namespace glissade
