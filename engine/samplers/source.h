#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/samplers/sampler.h"

namespace glissade {

/// A way to retrieve rows that matter to a group of samples. What it finds depends on the samples, not only on chance, so it is
/// counted as it is where drawn rows stand for the rest.
class Source {
 public:
  virtual ~Source() = default;

  /// Appends at most `quota` rows that `seen` does not hold yet, and for each of them to out.inclusion the probability with which
  /// a source of this kind finds it; `seed` decides what is left to chance. Safe from many threads.
  virtual void add(const SampleGroup& group, std::size_t quota, std::uint64_t seed, hashing::StampSet& seen,
                   ActiveSet& out) const noexcept = 0;
  virtual void count_labels(std::span<const std::uint32_t> /*counts*/) {}
};

}  // namespace glissade
