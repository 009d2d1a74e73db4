#include "engine/samplers/in_batch.h"

#include <cmath>
#include <numeric>

#include "hashing/seeds.h"

namespace glissade {

void InBatchSource::count_labels(std::span<const std::uint32_t> counts) {
  const double sum = std::accumulate(counts.begin(), counts.end(), 0.0);
  frequencies_.clear();
  for (const std::uint32_t count : counts) frequencies_.push_back(static_cast<float>(count / std::max(sum, 1.0)));
}

void InBatchSource::add(const SampleGroup& group, const Order& order, hashing::StampSet& seen, ActiveSet& out) const {
  const std::span<const std::uint32_t> labels = group.labels.ids;
  if (labels.empty() || order.quota == 0) return;
  const std::size_t before = out.ids.size(), until = before + order.quota;
  const std::size_t start = hashing::Random(order.seed).below(labels.size());
  std::size_t looked = 0;
  for (; looked < labels.size() && out.ids.size() < until; ++looked) {
    const std::uint32_t id = labels[(start + looked) % labels.size()];
    if (seen.insert(id)) out.ids.push_back(id);
  }
  if (!order.inclusion) return;
  for (std::size_t j = before; j < out.ids.size(); ++j) {
    const double f = frequencies_.empty() ? 0.5 : frequencies_[out.ids[j]];
    out.inclusion.push_back(static_cast<float>(-std::expm1(static_cast<double>(looked) * std::log1p(-f))));
  }
}

}  // namespace glissade
