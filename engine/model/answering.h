#pragma once

#include <vector>

#include <glissade/result.h>

#include "engine/model/impl.h"

namespace glissade {

/// What Model::answer() does with one request that is not told; proposals pass over the training samples `unknown` of this rank.
Result<void> answer_request(Model::Impl& impl, const ShardGroup::Request& request, const std::vector<bool>& unknown = {});

}  // namespace glissade
