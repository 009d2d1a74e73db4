#pragma once

#include <vector>

#include <glissade/result.h>

#include "engine/model/impl.h"

namespace glissade {

/// Model::answer(); proposals pass over the training samples `unknown` of this rank, as those of rank 0 do meanwhile.
Result<Model::Told> answer(Model::Impl& impl, const std::vector<bool>& unknown = {});

}  // namespace glissade
