#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <glissade/result.h>

namespace glissade {

/// A part of a model file, and what it takes.
struct ModelFilePart {
  std::string name;  ///< "rows of features"
  std::uint64_t bytes = 0;
};

/// What a model file consists of, the parts that answers need first, in a fixed order; parts that it lacks are left out. The last
/// one, "to train on", is what Model::save() leaves out if it is told so. Counts the files beside it that it names, too. Checks
/// the files' tables, not their contents, so it takes no time. Refuses what Model::load() would refuse for a header.
Result<std::vector<ModelFilePart>> model_file_parts(const std::string& path);

}  // namespace glissade
