#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/config.h>
#include <glissade/views.h>

#include "engine/relations/own_labels.h"

namespace glissade {

/// One number per row of `data`, equal for rows that a trainer keeps together where it keeps rows to weigh the paths by; empty:
/// each row is alone. The groups that the view names, else what config.candidates.sibling_rows says.
std::vector<std::uint64_t> kept_together(const Config& config, const DatasetView& data, const OwnLabels& own);

/// A number for what kept_together() says, 0 for none. XXH3 over all of it.
std::uint64_t fingerprint_of(std::span<const std::uint64_t> groups) noexcept;

}  // namespace glissade
