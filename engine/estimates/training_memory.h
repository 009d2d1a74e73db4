#pragma once

#include <cstdint>

#include <glissade/options.h>

namespace glissade::estimates {

/// How large the batches of a data set are.
struct BatchSize {
  std::uint64_t features = 0;          ///< entries
  std::uint64_t labels = 0;            ///< entries
  std::uint64_t different_labels = 0;  ///< all of them are in a set that the batch shares, whatever its target size
};

/// What the buffers of one training step take.
std::uint64_t step_bytes(const Config& config, const Shape& shape, const BatchSize& batch) noexcept;

/// What gradients take that are kept until the step is made (GradientStore).
std::uint64_t gradient_bytes(const Config& config, const Shape& shape, const BatchSize& batch) noexcept;

/// check_memory() against a given amount.
Result<void> check_memory_against(const MemoryEstimate& need, std::uint64_t available);

/// What the mean of the weights takes while steps go into it, with option average; part of the optimiser state of an estimate.
std::uint64_t average_bytes(const Config& config, const Shape& shape) noexcept;

}  // namespace glissade::estimates
