#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "hashing/family.h"
#include "hashing/group_codes.h"
#include "hashing/rehash_job.h"
#include "hashing/seeds.h"
#include "hashing/tables.h"
#include "simd/kernels.h"

namespace glissade::hashing::test {

inline constexpr FamilyKind kFamilies[] = {FamilyKind::simhash, FamilyKind::dwta, FamilyKind::wta, FamilyKind::minhash};

/// Row-major vectors.
struct Matrix {
  std::size_t rows = 0;
  std::size_t width = 0;
  std::vector<float> values;

  Matrix(std::size_t rows, std::size_t width) : rows(rows), width(width), values(rows * width) {}
  float* row(std::size_t i) { return values.data() + i * width; }
  const float* row(std::size_t i) const { return values.data() + i * width; }
};

inline float normal(Random& random) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.unit()));
  return static_cast<float>(radius * std::cos(2.0 * std::numbers::pi * random.unit()));
}

inline void fill_normal(Random& random, std::span<float> out) {
  for (float& value : out) value = normal(random);
}

inline Matrix normal_matrix(std::size_t rows, std::size_t width, std::uint64_t seed) {
  Matrix m(rows, width);
  Random random(mix(seed));
  fill_normal(random, m.values);
  return m;
}

/// Rows 2i and 2i + 1 enclose exactly `angle` (up to rounding); pairs are independent and Gaussian.
inline Matrix pairs_at_angle(std::size_t pairs, std::size_t width, double angle, std::uint64_t seed) {
  Matrix m = normal_matrix(2 * pairs, width, seed);
  for (std::size_t i = 0; i < pairs; ++i) {
    float* x = m.row(2 * i);
    float* y = m.row(2 * i + 1);
    double xx = 0, xy = 0, rest = 0;
    for (std::size_t d = 0; d < width; ++d) xx += double{x[d]} * x[d], xy += double{x[d]} * y[d];
    for (std::size_t d = 0; d < width; ++d) y[d] = static_cast<float>(y[d] - xy / xx * x[d]);
    for (std::size_t d = 0; d < width; ++d) rest += double{y[d]} * y[d];
    const double scale = std::sqrt(xx / rest);
    for (std::size_t d = 0; d < width; ++d) y[d] = static_cast<float>(std::cos(angle) * x[d] + std::sin(angle) * scale * y[d]);
  }
  return m;
}

/// Codes of all rows, [table][padded row].
struct Codes {
  std::size_t stride;
  std::vector<std::uint32_t> values;
  std::uint32_t at(std::size_t table, std::size_t row) const { return values[table * stride + row]; }
};

inline Codes codes_of(const Family& family, const Matrix& m) {
  Codes codes{padded(m.rows), {}};
  codes.values.resize(family.params().tables * codes.stride);
  group_codes(family, m.values.data(), m.width, m.width, m.rows, codes.values.data(), codes.stride);
  return codes;
}

/// Share of tables in which the vectors 2i and 2i + 1 meet, over all pairs.
inline double collision_share(const Family& family, const Matrix& pairs) {
  const Codes codes = codes_of(family, pairs);
  std::size_t equal = 0;
  for (std::size_t t = 0; t < family.params().tables; ++t)
    for (std::size_t i = 0; i < pairs.rows; i += 2) equal += codes.at(t, i) == codes.at(t, i + 1);
  const std::size_t compared = family.params().tables * (pairs.rows / 2);
  return static_cast<double>(equal) / static_cast<double>(compared);
}

/// A family that takes its codes from the vector itself, vector[table], so that a test decides what is in a bucket.
class GivenCodes final : public Family {
 public:
  GivenCodes(std::uint32_t tables, std::uint32_t bits)
      : Family({.kind = FamilyKind::simhash, .dimension = tables, .k = bits, .tables = tables}, simd::kernels()) {}
  void codes(const float* block, std::uint32_t* codes) const noexcept override {
    for (std::size_t i = 0; i < params_.tables * kLanes; ++i) codes[i] = static_cast<std::uint32_t>(block[i]);
  }
};

/// Re-hashes `moved` (ascending, unique) in one slice.
inline void rehash(Tables& tables, const VectorSource& source, const Family& family, std::span<const std::uint32_t> moved) {
  RehashJob job;
  job.start(tables, {moved.begin(), moved.end()});
  job.advance(1, tables, source, family);
}

inline bool same_buckets(const Tables& a, const Tables& b) {
  if (a.tables() != b.tables() || a.bits() != b.bits()) return false;
  for (std::uint32_t t = 0; t < a.tables(); ++t) {
    for (std::uint32_t code = 0; code < 1u << a.bits(); ++code) {
      const auto x = a.bucket(t, code), y = b.bucket(t, code);
      if (!std::equal(x.begin(), x.end(), y.begin(), y.end())) return false;
    }
  }
  return true;
}

}  // namespace glissade::hashing::test
