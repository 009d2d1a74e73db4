#pragma once

#include <string_view>

#include <glissade/pipeline.h>

namespace glissade {

/// The first words of the text that a model file keeps of a pipeline.
inline constexpr std::string_view kPipelineMark = "pipeline 1\n";

}  // namespace glissade
