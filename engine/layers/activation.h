#pragma once

#include <cstddef>
#include <cstdint>

#include <glissade/config.h>

#include "engine/parameters/array.h"

namespace glissade {

/// What the units of one layer put out for a batch: samples x stride floats, and, with 16-bit storage, the same numbers in
/// bf16 (the floats are rounded to bf16, so every kernel and every instruction set reads equal values).
struct Activations {
  std::size_t samples = 0;
  std::size_t width = 0;
  std::size_t stride = 0;
  bool rounded = false;
  Array<float> values;
  Array<std::uint16_t> halves;

  void resize(std::size_t new_samples, std::size_t new_width, bool with_halves);
  float* row(std::size_t sample) noexcept { return values.data() + sample * stride; }
  const float* row(std::size_t sample) const noexcept { return values.data() + sample * stride; }
  const std::uint16_t* half_row(std::size_t sample) const noexcept { return halves.data() + sample * stride; }
};

/// The rows first, first + every, ... of some activations, `count` of them.
struct SomeRows {
  std::size_t first;
  std::size_t count;
  std::size_t every = 1;

  std::size_t at(std::size_t i) const noexcept { return first + i * every; }
};

/// The activation in place, then, unless `most` is 0, all units but the `most` of largest magnitude (of equal ones those of
/// smaller numbers) put out 0 (k winners take all, Makhzani & Frey, k-Sparse Autoencoders, 2013), then dropout of whole units
/// (kept ones scaled by 1 / (1 - rate)), then rounding where `out.rounded`.
/// The mask is a function of (seed, sample, unit). In parallel over samples.
void activate(Activations& out, Activation kind, double rate, std::uint64_t seed, std::size_t most = 0);

/// Turns the gradient by the outputs into the gradient by the sums, in place: units that put out 0 (by ReLU, dropout or
/// `most`) pass
/// nothing, the others pass their dropout scale. `gradient` has the layout of `out`. With the linear activation a unit put out 0
/// because it was dropped or others won; one whose sum was exactly 0 passes nothing either, where there is dropout or `most`.
void activate_backward(const Activations& out, Activation kind, double rate, float* gradient, std::size_t most = 0);

}  // namespace glissade
