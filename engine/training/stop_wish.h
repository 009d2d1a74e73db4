#pragma once

namespace glissade {

/// A rank's wish that the training ends, and what all ranks know of such wishes, which they tell each other in a step.
struct StopWish {
  bool own = false;        ///< this rank's, after the step under way
  bool is_agreed = false;  ///< whether a rank wished so by the time of the last step: the same on all
};

}  // namespace glissade
