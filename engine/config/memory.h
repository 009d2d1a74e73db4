#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <glissade/options.h>

namespace glissade::config {

/// available_memory() with the system's files below `root` instead of "/", so that a test can lay them out. Looks at
/// proc/meminfo and, for both versions of cgroups, at every group from this process's own up to the root of the hierarchy.
std::uint64_t available_memory_below(const std::string& root);

/// The value in bytes of a "Name:   123 kB" line of a /proc file.
std::optional<std::uint64_t> kib_field(std::string_view text, std::string_view name) noexcept;

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

/// "3.2 GiB", "512 MiB", "80 KiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace glissade::config
