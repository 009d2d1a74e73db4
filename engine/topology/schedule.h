#pragma once

namespace glissade {

/// The share of a row's connections that changes when `done` of `all` is done: `share` at first, 0 at the end, half a cosine in
/// between (Evci et al. 2020). 0 from the end on, and where there is nothing to do.
double annealed_share(double share, double done, double all) noexcept;

}  // namespace glissade
