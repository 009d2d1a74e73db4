#include "engine/sparse_rows/row_topology.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "hashing/seeds.h"

namespace glissade {
namespace {

constexpr std::size_t kLabelsGrown = 256;

struct Entry {
  std::uint32_t feature;
  std::uint16_t start;
  float value;
};

/// Sums of gradients by feature, with the list of those that were met. One per thread.
struct Sums {
  std::vector<float> by_feature;
  std::vector<bool> met;
  std::vector<std::uint32_t> features;

  void reserve(std::size_t count) {
    by_feature.resize(count, 0.f);
    met.resize(count, false);
  }
  void add(const LabelGradient& of, const SampleFeatures& sample) {
    for (std::size_t j = 0; j < sample.ids.size(); ++j) {
      const std::uint32_t f = sample.ids[j];
      if (!met[f]) features.push_back(f);
      met[f] = true;
      by_feature[f] += of.gradient * sample.values[j];
    }
  }
  /// Features of the row are not up for growth.
  void leave_out(std::span<const Entry> row) {
    for (const Entry& entry : row) by_feature[entry.feature] = 0.f;
  }
  void clear() {
    for (const std::uint32_t f : features) {
      by_feature[f] = 0.f;
      met[f] = false;
    }
    features.clear();
  }
};

/// The `most` first in `order`, without those it does not want.
template <class T, class Before>
void keep_first(std::vector<T>& all, std::size_t most, const Before& before) {
  if (all.size() <= most) return;
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most), all.end(), before);
  all.resize(most);
}

void drop_smallest(std::vector<Entry>& row, std::size_t kept) {
  keep_first(row, kept, [](const Entry& a, const Entry& b) {
    const float x = std::abs(a.value), y = std::abs(b.value);
    return x != y ? x > y : a.feature < b.feature;
  });
}

/// Features of `sums` in the order in which the row is to take them up, cut to `most`.
void choose_grown(const TopologyChange& change, std::uint32_t label, Sums& sums, std::size_t most) {
  std::erase_if(sums.features, [&](std::uint32_t f) {
    sums.met[f] = false;
    return sums.by_feature[f] == 0.f;
  });
  const auto rank = [&](std::uint32_t f) {
    return change.kind == RowTopology::rigl ? std::abs(sums.by_feature[f])
                                            : static_cast<float>(hashing::Random(hashing::derive(change.seed, label, f)).unit());
  };
  std::vector<std::uint32_t> chosen = sums.features;
  keep_first(chosen, most, [&](std::uint32_t a, std::uint32_t b) {
    const float x = rank(a), y = rank(b);
    return x != y ? x > y : a < b;
  });
  for (const std::uint32_t f : sums.features) sums.by_feature[f] = 0.f;
  sums.features = std::move(chosen);
}

}  // namespace

double annealed_share(double share, std::uint32_t done, std::uint32_t all) noexcept {
  return all <= 1 ? 0.0 : share * 0.5 * (1 + std::cos(std::numbers::pi * (done - 1.0) / (all - 1.0)));
}

void change_topology(const TopologyChange& change, std::span<const LabelGradient> gradients, std::size_t features,
                     const std::function<SampleFeatures(std::uint32_t place)>& sample, SparseMatrix& rows,
                     std::vector<float>& values) {
  const std::size_t labels = rows.rows();
  std::vector<std::vector<Entry>> changed(labels);
  tbb::parallel_for(std::size_t{0}, (labels + kLabelsGrown - 1) / kLabelsGrown, [&](std::size_t block) {
    static thread_local Sums sums;
    sums.clear();  // what is left if memory ran out
    sums.reserve(features);
    const std::size_t end = std::min(labels, (block + 1) * kLabelsGrown);
    auto next = std::ranges::lower_bound(gradients, static_cast<std::uint32_t>(block * kLabelsGrown), {}, &LabelGradient::label);
    for (std::size_t label = block * kLabelsGrown; label < end; ++label) {
      std::vector<Entry>& row = changed[label];
      for (std::uint64_t j = rows.offsets[label]; j < rows.offsets[label + 1]; ++j)
        row.push_back({rows.ids[j], rows.values[j], values[j]});
      for (; next != gradients.end() && next->label == label; ++next) sums.add(*next, sample(next->place));
      sums.leave_out(row);
      const auto moved = static_cast<std::size_t>(std::lround(change.share * static_cast<double>(row.size())));
      const std::size_t places = std::min<std::size_t>(change.fan_in, row.size() + moved);
      choose_grown(change, static_cast<std::uint32_t>(label), sums, moved);
      drop_smallest(row, std::min(row.size(), places - std::min(places, sums.features.size())));
      for (const std::uint32_t f : sums.features) row.push_back({f, 0, 0.f});
      sums.features.clear();
      std::ranges::sort(row, {}, &Entry::feature);
    }
  });
  std::vector<std::uint32_t> lengths(labels);
  std::ranges::transform(changed, lengths.begin(), [](const auto& row) { return static_cast<std::uint32_t>(row.size()); });
  rows = matrix_of(lengths);
  values.resize(rows.entries());
  std::size_t at = 0;
  for (const std::vector<Entry>& row : changed) {
    for (const Entry& entry : row) {
      rows.ids[at] = entry.feature;
      rows.values[at] = entry.start;
      values[at++] = entry.value;
    }
  }
}

}  // namespace glissade
