#include "engine/pruning/loss_curves.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace glissade::pruning {
namespace {

constexpr auto kSteps = PruneCurves::kSteps;

/// The steps that are tried: eight an octave, over the range that was measured.
std::vector<double> tried_steps() {
  constexpr int kInOctave = 8;
  std::vector<double> steps;
  const int count = static_cast<int>(kInOctave * std::log2(kSteps.back() / kSteps.front()));
  for (int i = 0; i <= count; ++i) steps.push_back(kSteps.front() * std::exp2(static_cast<double>(i) / kInOctave));
  return steps;
}

}  // namespace

LossCurve::LossCurve(const std::array<double, kSteps.size()>& losses) noexcept : losses_(losses) {
  // Few points: what pooling gives is the largest of the least means, over all runs that hold the point.
  for (std::size_t i = 0; i < losses.size(); ++i) {
    double largest = -HUGE_VAL;
    for (std::size_t begin = 0; begin <= i; ++begin) {
      double least = HUGE_VAL, sum = 0;
      for (std::size_t end = begin; end < losses.size(); ++end) {
        sum += losses[end];
        if (end >= i) least = std::min(least, sum / static_cast<double>(end - begin + 1));
      }
      largest = std::max(largest, least);
    }
    losses_[i] = largest;
  }
}

double LossCurve::at(double step) const noexcept {
  if (step <= kSteps.front()) return losses_.front();
  for (std::size_t i = 1; i < kSteps.size(); ++i) {
    if (step > kSteps[i]) continue;
    const double share = std::log2(step / kSteps[i - 1]) / std::log2(kSteps[i] / kSteps[i - 1]);
    return (1 - share) * losses_[i - 1] + share * losses_[i];
  }
  return losses_.back();
}

PruneMix least_loss(const PruneCurves& curves, double bytes,
                    const std::function<double(std::size_t part, double step)>& bytes_of) {
  const std::vector<double> steps = tried_steps();
  std::vector<LossCurve> losses;
  std::array<std::vector<double>, PruneMix::kParts> sizes;
  for (std::size_t part = 0; part < PruneMix::kParts; ++part) {
    losses.emplace_back(curves.losses[part]);
    for (const double step : steps) sizes[part].push_back(bytes_of(part, step));
  }
  // The loss that a byte may cost: from none to more than any.
  const auto mix_at = [&](double price, double& sum) {
    PruneMix mix;
    sum = 0;
    for (std::size_t part = 0; part < PruneMix::kParts; ++part) {
      std::size_t best = 0;
      const auto cost = [&](std::size_t i) { return losses[part].at(steps[i]) + price * sizes[part][i]; };
      for (std::size_t i = 1; i < steps.size(); ++i) {
        if (cost(i) < cost(best)) best = i;
      }
      mix.steps[part] = steps[best];
      sum += sizes[part][best];
    }
    return mix;
  };
  constexpr int kRounds = 60;
  double low = -60, high = 20, sum = 0;  // logs of the price
  for (int round = 0; round < kRounds; ++round) {
    const double middle = (low + high) / 2;
    mix_at(std::exp2(middle), sum);
    (sum > bytes ? low : high) = middle;
  }
  return mix_at(std::exp2(high), sum);
}

}  // namespace glissade::pruning
