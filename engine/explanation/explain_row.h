#pragma once

#include <vector>

#include <glissade/explain.h>

#include "engine/model/impl.h"

namespace glissade {

/// See explain(): of a model, or of what a snapshot answers from.
Result<std::vector<LabelReasons>> explain_row(Model::Impl& impl, const InputRows& row, const ExplainOptions& options);

}  // namespace glissade
