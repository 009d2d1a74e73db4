#pragma once

#include <string>
#include <vector>

#include <glissade/prune.h>
#include <glissade/result.h>

#include "engine/model_file/container.h"
#include "engine/pruning/packed_part.h"

namespace glissade::pruning {

/// Writes the model of these sections as `path`. With `refit` it is loaded then, handed over, and written again with what ranks
/// its paths afterwards; on an error the first file stays. The sizes of what is written.
Result<std::vector<SectionSize>> write_model(std::vector<model_file::Section> sections, const std::string& path,
                                             const Pruner::Refit& refit);

}  // namespace glissade::pruning
