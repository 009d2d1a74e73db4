#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace glissade::simd {
struct Kernels;
}

namespace glissade::hashing {

/// Vectors hashed together; a block is stored dimension-major: block[d * kLanes + lane].
inline constexpr std::size_t kLanes = 16;

enum class FamilyKind { simhash, dwta, wta, minhash };

struct FamilyParams {
  FamilyKind kind = FamilyKind::simhash;
  std::uint32_t dimension = 0;  ///< length of the vectors, bias dimension included
  std::uint32_t k = 9;          ///< codes per table: sign bits (simhash) or digits (the others)
  std::uint32_t tables = 50;    ///< L
  std::uint64_t seed = 1;
  std::uint32_t bin_size = 8;  ///< not simhash: positions per bin, a power of two in [2, 128], so a digit is log2(bin_size) bits
  std::uint32_t nonzeros = 0;  ///< simhash: non-zero signs per projection; 0 = max(8, dimension / 3); at most dimension
  std::uint32_t set_size = 0;  ///< minhash: largest entries that make up the set; 0 = max(8, dimension / 8); at most dimension
};

/// Address bits of one table: k (simhash) or k * log2(bin_size) (the others). The engine refuses more than kMaxTableBits.
std::uint32_t table_bits(const FamilyParams& params) noexcept;
inline constexpr std::uint32_t kMaxTableBits = 24;

/// A locality-sensitive hash family: K codes for each of L tables, bit-identical on every machine for the same parameters.
/// SimHash: Charikar 2002, with sparse random signs (Achlioptas 2003); by angle. WTA: Yagnik 2011; by the order of the entries;
/// DWTA: densified, Chen & Shrivastava 2018. MinHash: Shrivastava & Li 2014; by the overlap of the sets of largest positive
/// entries. Immutable after make(); safe to use from many threads.
class Family {
 public:
  /// Hashes with the kernels of the active simd level.
  static std::unique_ptr<Family> make(const FamilyParams& params);
  /// Hashes with `kernels`, which must outlive the family (tests and benches: one family per level).
  static std::unique_ptr<Family> make(const FamilyParams& params, const simd::Kernels& kernels);
  virtual ~Family() = default;

  /// Addresses of 16 vectors in every table: codes[table * kLanes + lane] < 2^table_bits.
  /// `block` is dimension x kLanes floats. No allocation, except at the first call of a
  /// thread: k * tables * kLanes bytes (not simhash) and (dimension + 2) * kLanes floats (minhash).
  virtual void codes(const float* block, std::uint32_t* codes) const = 0;

  const FamilyParams& params() const noexcept { return params_; }

 protected:
  Family(const FamilyParams& params, const simd::Kernels& kernels) : params_(params), kernels_(&kernels) {}
  FamilyParams params_;
  const simd::Kernels* kernels_;
};

/// Where the vectors of a table come from: the rows of an output layer, read 16 at a time. Thread-safe for reads.
class VectorSource {
 public:
  virtual ~VectorSource() = default;
  virtual std::uint32_t count() const noexcept = 0;
  /// Writes the vectors `ids` (at most kLanes) to `block`, dimension-major; the lanes beyond ids.size() are set to 0.
  virtual void load(std::span<const std::uint32_t> ids, float* block) const = 0;
};

}  // namespace glissade::hashing
