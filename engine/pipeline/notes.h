#pragma once

#include <string>
#include <string_view>

#include <glissade/pipeline.h>

namespace glissade {

/// The first words of the text that a model file keeps of a pipeline.
inline constexpr std::string_view kPipelineMark = "pipeline 1\n";

/// One "name value" a line, up to an empty line. What has a default and is it, is left out.
std::string pipeline_notes(const PipelineOptions& options);
Result<PipelineOptions> read_pipeline_notes(std::string_view text);

}  // namespace glissade
