#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/shape.h"
#include "hashing/seeds.h"

namespace glissade::datasets {

/// Ranks 0 .. n-1 with probability close to (rank + shift)^-3/4: a power law, sampled by inverting its integral in O(1) without a
/// table. The exponent is 3/4 because the inverse is then a fourth power and the integral a double square root: exactly rounded
/// operations, so equal seeds give equal ranks everywhere.
class PowerLaw {
 public:
  PowerLaw(std::uint64_t size, double shift) noexcept;
  /// `u` in [0, 1).
  std::uint64_t at(double u) const noexcept;

 private:
  std::uint64_t size_;
  double shift_;
  double low_;
  double span_;
};

/// A set of ranks in order of arrival, with counts. Emptying costs nothing.
class RankCounts {
 public:
  explicit RankCounts(std::uint64_t most);

  struct Entry {
    std::uint32_t rank;
    std::uint32_t count;
  };

  void clear() noexcept;
  /// Counts `rank`; true when it is new. No more than `most` ranks may be new between two clears.
  bool add(std::uint32_t rank);
  std::span<const Entry> entries() const noexcept { return entries_; }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Slot {
    std::uint32_t stamp = 0;
    std::uint32_t entry = 0;
  };
  std::vector<Slot> slots_;  ///< open addressing, a power of two, at most half full; valid where the stamp is the current one
  std::vector<Entry> entries_;
  std::uint32_t stamp_ = 1;
};

/// The planted structure: what makes a generated data set learnable.
///
/// Labels have a rank (popularity, a power law) and belong to topics. Each label has a prototype of its own features, each topic
/// one of shared features, all computed by hashing when needed. A sample draws a first label by popularity and the others mostly
/// from its topic; its features come from its labels' prototypes, their topic, and a power-law background. Values are tf-idf-like
/// and L2-normalised. Ids are a bijective scramble of ranks.
///
/// One object per thread: it holds scratch memory. A sample is a function of (seed, split, index) only.
class Planted {
 public:
  explicit Planted(const GenerateSpec& spec);

  struct Sample {
    std::vector<std::uint32_t> labels;  ///< ascending
    /// Ascending: feature id in the high half, value in units of 1e-5 (1 .. 100,000) in the low half.
    std::vector<std::uint64_t> features;
  };
  static constexpr std::uint32_t kValueUnits = 100'000;

  /// Valid until the next call.
  const Sample& sample(std::uint64_t split, std::uint64_t index);

 private:
  void draw_labels(hashing::Random& random);
  void draw_features(hashing::Random& random);
  std::uint64_t label_in_topic(std::uint64_t topic, hashing::Random& random) const noexcept;
  std::uint64_t feature_rank(hashing::Random& random) const noexcept;
  std::uint64_t prototype_feature(std::uint64_t stream, std::uint64_t owner, std::uint64_t slot) const noexcept;
  void finish_features();

  GenerateSpec spec_;
  std::uint64_t topics_;
  PowerLaw label_law_;
  PowerLaw feature_law_;
  std::uint64_t label_step_;
  std::uint64_t feature_step_;
  RankCounts label_ranks_;
  RankCounts feature_ranks_;
  std::vector<double> weights_;
  Sample sample_;
};

}  // namespace glissade::datasets
