#include "engine/sparse_rows/row_topology.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>

#include "engine/topology/exchange.h"
#include "engine/topology/policy.h"

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

/// Features of `sums` that a row may take up, scored.
void score_grown(const TopologyPolicy& policy, std::uint64_t seed, std::uint32_t label, Sums& sums,
                 std::vector<ScoredConnection>& scored) {
  const bool by_chance = policy.grow == TopologyPolicy::Grow::chance;
  scored.clear();
  for (const std::uint32_t f : sums.features) {
    const float sum = sums.by_feature[f];
    if (sum != 0.f) scored.push_back({f, policy.grow_score(sum, sum, by_chance ? chance_of(seed, label, f) : 0.f)});
  }
}

/// `row` becomes the entries whose places in it are `kept`, and `grown` at 0, by feature.
void rebuild(std::vector<Entry>& row, std::vector<ScoredConnection>& kept, std::span<const ScoredConnection> grown) {
  std::ranges::sort(kept, {}, &ScoredConnection::id);
  std::size_t count = 0;
  for (const ScoredConnection& entry : kept) row[count++] = row[entry.id];
  row.resize(count);
  for (const ScoredConnection& feature : grown) row.push_back({feature.id, 0, 0.f});
  std::ranges::sort(row, {}, &Entry::feature);
}

}  // namespace

void change_topology(const TopologyChange& change, std::span<const LabelGradient> gradients, std::size_t features,
                     const std::function<SampleFeatures(std::uint32_t place)>& sample, SparseMatrix& rows,
                     std::vector<float>& values) {
  const std::size_t labels = rows.rows();
  const TopologyPolicy policy = TopologyPolicy::of(change.kind);
  std::vector<std::vector<Entry>> changed(labels);
  tbb::parallel_for(std::size_t{0}, (labels + kLabelsGrown - 1) / kLabelsGrown, [&](std::size_t block) {
    static thread_local Sums sums;
    static thread_local std::vector<ScoredConnection> there, grown;
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
      score_grown(policy, change.seed, static_cast<std::uint32_t>(label), sums, grown);
      sums.clear();
      there.clear();
      for (std::uint32_t place = 0; place < row.size(); ++place)
        there.push_back({place, policy.keep_score(row[place].value, 0.f)});
      exchange(there, grown, change.fan_in, change.share);
      rebuild(row, there, grown);
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
