#pragma once

#include <string>
#include <vector>

#include <glissade/autotune.h>

#include "apps/autotune/search_state.h"
#include "apps/autotune/tuning_rows.h"

namespace glissade::apps {

/// What deciding trials say.
struct Decision {
  Candidate best;   ///< the usual configuration unless another is surely better
  std::string why;  ///< a line about it; "" = there was nothing to compare
};

/// The challenger with the largest mean gain over the usual configuration, if that is more than noise.
Decision decide(const std::vector<Trial>& trials, const TuningRows& rows, const std::string& metric);

}  // namespace glissade::apps
