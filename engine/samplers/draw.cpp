#include "engine/samplers/draw.h"

#include <algorithm>
#include <cmath>

#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kFrequencyStream = 0x66726571;
/// Draws by frequency repeat themselves where few labels have most of the mass; past this many per wanted row uniform ones fill
/// up.
constexpr std::size_t kTriesPerRow = 8;

void add_all(std::uint32_t rows, hashing::StampSet& seen, ActiveSet& out) {
  for (std::uint32_t id = 0; id < rows; ++id) {
    if (seen.insert(id)) out.ids.push_back(id);
  }
  out.exact = out.ids.size();
}

/// Returns the number of draws.
std::size_t add_by_frequency(const DrawPlan& plan, std::size_t until, std::uint64_t seed, hashing::StampSet& seen,
                             ActiveSet& out) {
  hashing::Random random(hashing::derive(seed, kFrequencyStream));
  const std::size_t most = kTriesPerRow * (until - out.ids.size());
  std::size_t tries = 0;
  for (; out.ids.size() < until && tries < most; ++tries) {
    const std::uint32_t id = plan.frequencies->draw(random);
    if (seen.insert(id)) out.ids.push_back(id);
  }
  return tries;
}

std::size_t add_uniform(const DrawPlan& plan, std::size_t until, std::uint64_t seed, hashing::StampSet& seen, ActiveSet& out) {
  hashing::Random random(seed);
  std::size_t tries = 0;
  for (; out.ids.size() < until; ++tries) {
    const auto id = static_cast<std::uint32_t>(random.below(plan.rows));
    if (seen.insert(id)) out.ids.push_back(id);
  }
  return tries;
}

}  // namespace

void add_labels(const SampleGroup& group, hashing::StampSet& seen, ActiveSet& out) {
  seen.clear();
  out.clear();
  for (std::size_t row = group.first; row < group.first + group.count; ++row) {
    for (const std::uint32_t label : group.labels.row_ids(row)) {
      if (seen.insert(label)) out.ids.push_back(label);
    }
  }
  out.labels = out.exact = out.ids.size();
}

void add_drawn(const DrawPlan& plan, std::uint64_t seed, hashing::StampSet& seen, ActiveSet& out) {
  out.exact = out.ids.size();
  const std::size_t target = std::min<std::size_t>(plan.target, plan.rows);
  if (target <= out.exact) return;
  const std::size_t pool = plan.rows - out.exact, draws = target - out.exact;
  if (draws == pool) return add_all(plan.rows, seen, out);
  const std::size_t by_frequency = std::min(plan.by_frequency, draws);
  const std::size_t tries = by_frequency == 0 ? 0 : add_by_frequency(plan, out.exact + by_frequency, seed, seen, out);
  const std::size_t uniform_tries = add_uniform(plan, target, seed, seen, out);
  if (plan.correction <= 0) return;
  if (tries == 0) {
    out.log_weights.assign(draws, plan.correction * std::log(static_cast<float>(pool) / static_cast<float>(draws)));
    return;
  }
  // log of the probability that no uniform draw was this row
  const double missed = static_cast<double>(uniform_tries) * std::log1p(-1.0 / plan.rows);
  for (std::size_t j = out.exact; j < target; ++j) {
    const double q = plan.frequencies->probability(out.ids[j]);
    const double drawn = -std::expm1(missed + static_cast<double>(tries) * std::log1p(-q));
    out.log_weights.push_back(plan.correction * static_cast<float>(-std::log(drawn)));
  }
}

}  // namespace glissade
