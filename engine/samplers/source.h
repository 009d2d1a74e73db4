#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/samplers/sampler.h"

namespace glissade {

/// A way to retrieve rows that matter to a group of samples. What it finds depends on the samples, not only on chance, so it is
/// counted as it is where drawn rows stand for the rest.
class Source {
 public:
  struct Order {
    std::size_t quota;   ///< rows to add at most
    std::uint64_t seed;  ///< decides what is left to chance
    bool inclusion;      ///< append each added row's inclusion probability to ActiveSet::inclusion
  };

  virtual ~Source() = default;

  /// Appends rows that `seen` does not hold yet. Safe from many threads. Throws std::bad_alloc.
  virtual void add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const = 0;
  virtual void count_labels(std::span<const std::uint32_t> /*counts*/) {}
  virtual const LabelIndex* index_of_labels() const noexcept { return nullptr; }  ///< Sampler::index_of_labels()
};

}  // namespace glissade
