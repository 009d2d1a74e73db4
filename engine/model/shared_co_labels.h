#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/result.h>

#include "engine/candidates/sparse_matrix.h"
#include "engine/model/impl.h"

namespace glissade {

/// Rows of co-labels where several ranks have them: those of `labels`, each once and ascending, in that order. Collective; each
/// rank asks for what it needs.
Result<SparseMatrix> co_labels_among(Model::Impl& impl, std::span<const std::uint32_t> labels);

/// The same labels, each once and ascending.
std::vector<std::uint32_t> each_once(const std::vector<std::vector<std::uint32_t>>& labels);

}  // namespace glissade
