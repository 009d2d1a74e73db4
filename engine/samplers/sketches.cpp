#include "engine/samplers/sketches.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "hashing/seeds.h"

namespace glissade {
namespace {

/// Nearly Gaussian: the sum of twelve uniform numbers.
double bell(hashing::Random& random) noexcept {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += random.unit();
  return sum;
}

using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Gaussian rows, each orthogonal to those before it in its group of `dimension` and of length 1, by Gram and Schmidt in doubles.
Rows directions(std::size_t count, std::size_t dimension, std::uint64_t seed) {
  Rows rows(count, dimension);
  for (std::size_t j = 0; j < count; ++j) {
    auto row = rows.row(j);
    hashing::Random random(hashing::derive(seed, j));
    for (float& value : row) value = static_cast<float>(bell(random));
    for (std::size_t i = j / dimension * dimension; i < j; ++i) {
      const auto other = rows.row(i).cast<double>();
      row -= (row.cast<double>().dot(other) * other).cast<float>();
    }
    row *= static_cast<float>(1.0 / std::sqrt(std::max(row.cast<double>().squaredNorm(), 1e-30)));
  }
  return rows;
}

}  // namespace

Sketches::Sketches(std::size_t dimension, Storage storage, std::uint64_t seed) {
  ParameterRows::Options options;
  options.storage = storage == Storage::fp32 ? Storage::fp32 : Storage::bf16;
  options.with_bias = options.trainable = false;
  ParameterRows packed(kBits, dimension, options);
  const Rows rows = directions(kBits, dimension, seed);
  for (std::size_t j = 0; j < kBits; ++j) packed.write(j, rows.row(j).data());
  std::vector<std::uint32_t> ids(kBits);
  std::iota(ids.begin(), ids.end(), 0u);
  panels_.take(packed, ids, dense::element_for(storage));
  start_.assign(panels_.padded_rows(), 0.f);
  // Along a vector's own direction the sign of a projection earns sqrt(2 / (pi dimension)) of its length on average, and nothing
  // across it: the sum over kBits of them, times this, is the inner product without bias.
  const auto n = static_cast<double>(dimension);
  length_scale_ = static_cast<float>(std::sqrt(std::numbers::pi * n / 2.0) / kBits);
}

void Sketches::project(const void* vectors, std::size_t stride, std::size_t count, float* out) const noexcept {
  panels_.multiply_as_columns(vectors, stride, count, start_.data(), out, kBits);
}

void Sketches::signs(const float* projections, std::uint8_t* code) noexcept {
  for (std::size_t byte = 0; byte < simd::kSketchBytes; ++byte) {
    unsigned bits = 0;
    for (std::size_t i = 0; i < 8; ++i) bits |= static_cast<unsigned>(projections[byte * 8 + i] > 0.f) << i;
    code[byte] = static_cast<std::uint8_t>(bits);
  }
}

void Sketches::prepare(const float* projections, Lookup& lookup) noexcept {
  constexpr std::size_t kNibbles = kBits / 4;
  float most = 1e-30f;
  for (std::size_t nibble = 0; nibble < kNibbles; ++nibble) {
    float sum = 0;
    for (std::size_t i = 0; i < 4; ++i) sum += std::abs(projections[nibble * 4 + i]);
    most = std::max(most, sum);
  }
  const float steps = 255.f / (2 * most);
  for (std::size_t nibble = 0; nibble < kNibbles; ++nibble) {
    const float* const p = projections + nibble * 4;
    for (unsigned value = 0; value < 16; ++value) {
      float sum = most;
      for (unsigned i = 0; i < 4; ++i) sum += (value >> i & 1u) != 0 ? p[i] : -p[i];
      lookup.tables[nibble * 16 + value] = static_cast<std::uint8_t>(std::clamp(sum * steps + 0.5f, 0.f, 255.f));
    }
  }
  lookup.unit = 1.f / steps;
  lookup.shift = -most * static_cast<float>(kNibbles);
}

}  // namespace glissade
