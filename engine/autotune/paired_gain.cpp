#include <glissade/autotune.h>

#include <algorithm>

#include "engine/evaluation/resample_count.h"
#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::uint64_t kResampleStream = 0x6175746f67616e31ull;
constexpr std::size_t kResamples = 2000;

struct GroupSum {
  double gain = 0, weight = 0;
};

std::vector<GroupSum> sums_of_groups(std::span<const PairedRow> rows) {
  std::vector<PairedRow> sorted(rows.begin(), rows.end());
  std::ranges::stable_sort(sorted, {}, &PairedRow::group);
  std::vector<GroupSum> sums;
  for (std::size_t row = 0; row < sorted.size(); ++row) {
    if (row == 0 || sorted[row].group != sorted[row - 1].group) sums.emplace_back();
    sums.back().gain += sorted[row].gain;
    sums.back().weight += sorted[row].weight;
  }
  return sums;
}

double ratio(const GroupSum& sum) noexcept { return sum.weight > 0 ? sum.gain / sum.weight : 0; }

GroupSum resample(std::span<const GroupSum> groups, std::uint64_t number) noexcept {
  GroupSum drawn;
  hashing::Random random(hashing::derive(number, kResampleStream));
  for (const GroupSum& group : groups) {
    const double count = resample_count(random.next());
    drawn.gain += count * group.gain;
    drawn.weight += count * group.weight;
  }
  return drawn;
}

}  // namespace

Gain paired_gain(std::span<const PairedRow> rows, double confidence) {
  const std::vector<GroupSum> groups = sums_of_groups(rows);
  GroupSum all;
  for (const GroupSum& group : groups) {
    all.gain += group.gain;
    all.weight += group.weight;
  }
  Gain gain;
  gain.mean = ratio(all);
  gain.groups = groups.size();
  std::vector<double> means(kResamples);
  for (std::size_t i = 0; i < kResamples; ++i) means[i] = ratio(resample(groups, i));
  std::ranges::sort(means);
  const auto at = [&](double quantile) {
    const auto place = static_cast<std::size_t>(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(kResamples));
    return means[std::min(place, kResamples - 1)];
  };
  gain.low = at(0.025);
  gain.high = at(0.975);
  gain.least = at(1 - confidence);
  return gain;
}

}  // namespace glissade
