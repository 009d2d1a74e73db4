#pragma once

#include <initializer_list>

#include "datasets/dataset.h"

namespace glissade::apps {

/// To be called after files of the cache were written, with the data that lie in them: where GLISSADE_CACHE_LIMIT is set, removes
/// other files of their folder, used longest ago, until it is kept. A line says so if any was removed, a warning if one cannot
/// be. Nothing for data that are not in the cache. Costs a look at each file of the folder.
void keep_cache_limit(std::initializer_list<const datasets::Dataset*> newest);

}  // namespace glissade::apps
