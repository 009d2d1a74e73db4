#pragma once

namespace glissade {

/// Largest magnitudes of what a step multiplies. A NaN may stand for any of them.
struct Magnitudes {
  float hidden;    ///< of a hidden vector's elements
  float weight;    ///< of the active rows' elements
  float gradient;  ///< that a gradient by a logit can have
};

/// Half precision ends at 65,504 and gets coarse below 6e-5. The power of two by which the gradients by the logits are to be
/// multiplied so that no sum of kHalfDepth products leaves that range whatever the signs, and small gradients stay as far above
/// its lower end as that allows. 0 if there is none, if the logits' own sums could leave the range, or if hidden vectors or rows
/// are so small that it would round them more than bf16 does: then only floats will do.
float half_gradient_scale(const Magnitudes& largest) noexcept;

}  // namespace glissade
