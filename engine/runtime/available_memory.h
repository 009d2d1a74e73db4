#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace glissade::runtime {

/// available_memory() with the system's files below `root` instead of "/", so that a test can lay them out. Looks at
/// proc/meminfo and, for both versions of cgroups, at every group from this process's own up to the root of the hierarchy.
std::uint64_t available_memory_below(const std::string& root);

/// The value in bytes of a "Name:   123 kB" line of a /proc file.
std::optional<std::uint64_t> kib_field(std::string_view text, std::string_view name) noexcept;

}  // namespace glissade::runtime
