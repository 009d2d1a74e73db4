#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <glissade/result.h>

#include "engine/candidates/sparse_matrix.h"
#include "engine/model/impl.h"

namespace glissade {

/// Rows of co-labels where several ranks have them: rank 0 asks for those of `labels`, each once and ascending, and gets them in
/// that order. Answered by answer() on the others.
Result<SparseMatrix> ask_for_co_labels(Model::Impl& impl, std::span<const std::uint32_t> labels);
Result<void> help_with_co_labels(Model::Impl& impl, const ShardGroup::Request& request);

/// The same labels, each once and ascending.
std::vector<std::uint32_t> each_once(std::vector<std::uint32_t> labels);

}  // namespace glissade
