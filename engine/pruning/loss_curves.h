#pragma once

#include <array>
#include <cstddef>
#include <functional>

#include <glissade/prune.h>

namespace glissade::pruning {

/// What a part's steps cost, by PruneCurves::kSteps, made to rise: a finer step cannot really be worse, so neighbours of which it
/// seems so share their mean (isotonic regression, by pooling adjacent violators). In between along a line over the step's log.
class LossCurve {
 public:
  explicit LossCurve(const std::array<double, PruneCurves::kSteps.size()>& losses) noexcept;
  double at(double step) const noexcept;

 private:
  std::array<double, PruneCurves::kSteps.size()> losses_;
};

/// The steps with the least sum of losses whose bytes sum up to `bytes` or somewhat less: those at which all parts lose as much
/// by the last byte (Lagrange). `bytes_of(part, step)`: falls with the step.
PruneMix least_loss(const PruneCurves& curves, double bytes,
                    const std::function<double(std::size_t part, double step)>& bytes_of);

}  // namespace glissade::pruning
