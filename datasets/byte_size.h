#pragma once

#include <cstdint>
#include <optional>

#include <glissade/result.h>

namespace glissade::datasets {

/// The bytes that an environment variable says: a number and k, M, G or T (powers of 1,000). Nothing where it is not set or
/// empty. Usage error if it is no size.
Result<std::optional<std::uint64_t>> size_in_environment(const char* variable);

}  // namespace glissade::datasets
