#pragma once

#include <string>
#include <vector>

#include <glissade/prune.h>
#include <glissade/result.h>

#include "engine/model_file/container.h"
#include "engine/pruning/packed_part.h"

namespace glissade::pruning {

/// Writes the model of these sections as `path`. With `refit` it is first written beside it, loaded and handed over; what ranks
/// its paths then is what `path` gets. On an error a file that was there stays. The sizes of what is written.
Result<std::vector<SectionSize>> write_model(std::vector<model_file::Section> sections, const std::string& path,
                                             const Pruner::Refit& refit);

}  // namespace glissade::pruning
