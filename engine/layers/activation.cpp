#include "engine/layers/activation.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "engine/parameters/parameter_rows.h"
#include "hashing/seeds.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kGrain = 16;

/// Four units share one 64-bit draw, 16 bits each: the rate is exact to 1 / 65,536.
void drop_units(float* values, std::size_t width, double rate, std::uint64_t seed) noexcept {
  const auto threshold = static_cast<std::uint64_t>(rate * 65536.0);
  const auto scale = static_cast<float>(1.0 / (1.0 - rate));
  for (std::size_t j = 0; j < width; j += 4) {
    std::uint64_t bits = hashing::mix(seed + j);
    for (std::size_t u = j; u < j + 4 && u < width; ++u, bits >>= 16)
      values[u] = (bits & 0xffff) < threshold ? 0.f : values[u] * scale;
  }
}

/// All but the `most` of largest magnitude become 0.
void keep_winners(float* values, std::size_t width, std::size_t most) {
  if (most >= width) return;
  static thread_local std::vector<std::pair<float, std::uint32_t>> units;
  units.resize(width);
  for (std::size_t j = 0; j < width; ++j) {
    const float magnitude = std::fabs(values[j]);
    // NaN wins, so that diverged weights reach the loss.
    units[j] = {magnitude == magnitude ? -magnitude : -std::numeric_limits<float>::infinity(), static_cast<std::uint32_t>(j)};
  }
  const auto first_loser = units.begin() + static_cast<std::ptrdiff_t>(most);
  std::nth_element(units.begin(), first_loser, units.end());
  for (auto loser = first_loser; loser != units.end(); ++loser) values[loser->second] = 0.f;
}

}  // namespace

void Activations::resize(std::size_t new_samples, std::size_t new_width, bool with_halves) {
  samples = new_samples;
  width = new_width;
  stride = ParameterRows::padded(new_width);
  rounded = with_halves;
  values.reserve_discard(samples * stride);
  if (with_halves) halves.reserve_discard(samples * stride);
}

void activate(Activations& out, Activation kind, double rate, std::uint64_t seed, std::size_t most) {
  const simd::Kernels& kernels = simd::kernels();
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, out.samples, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t sample = range.begin(); sample != range.end(); ++sample) {
      float* values = out.row(sample);
      // NaN passes, so that diverged weights reach the loss, where the trainer looks, instead of posing as dead units.
      if (kind == Activation::relu) {
        for (std::size_t j = 0; j < out.width; ++j) values[j] = values[j] < 0.f ? 0.f : values[j];
      }
      if (most != 0) keep_winners(values, out.width, most);
      if (rate > 0) drop_units(values, out.width, rate, hashing::derive(seed, sample));
      if (!out.rounded) continue;
      std::uint16_t* halves = out.halves.data() + sample * out.stride;
      kernels.narrow_nearest(values, halves, out.width);
      kernels.widen(halves, values, out.width);
    }
  });
}

void activate_backward(const Activations& out, Activation kind, double rate, float* gradient, std::size_t most) {
  const bool linear = kind == Activation::linear;
  if (linear && rate <= 0 && most == 0) return;
  const auto scale = static_cast<float>(1.0 / (1.0 - rate));
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, out.samples, kGrain), [&](const tbb::blocked_range<std::size_t>& range) {
    for (std::size_t sample = range.begin(); sample != range.end(); ++sample) {
      const float* values = out.row(sample);
      float* g = gradient + sample * out.stride;
      for (std::size_t j = 0; j < out.width; ++j) g[j] = values[j] > 0.f || (linear && values[j] < 0.f) ? g[j] * scale : 0.f;
    }
  });
}

}  // namespace glissade
