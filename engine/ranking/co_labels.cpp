#include "engine/ranking/co_labels.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>

#include "engine/batches/label_samples.h"
#include "engine/candidates/row_blocks.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kLabelsAtOnce = 256;
constexpr std::size_t kAsked = 10;  ///< candidates that speak for others
constexpr float kLeast = 1e-3f;

/// Counts of the labels that are met together with one. One per thread.
struct CoOccurrence {
  std::vector<std::uint32_t> counts, met;

  void count(std::span<const std::uint32_t> labels, std::uint32_t self) {
    for (const std::uint32_t label : labels) {
      if (label == self) continue;
      if (counts[label] == 0) met.push_back(label);
      ++counts[label];
    }
  }
  void keep_largest(std::size_t most) {
    if (met.size() > most) {
      const auto larger = [&](std::uint32_t a, std::uint32_t b) {
        return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
      };
      std::nth_element(met.begin(), met.begin() + static_cast<std::ptrdiff_t>(most), met.end(), larger);
      for (auto label = met.begin() + static_cast<std::ptrdiff_t>(most); label != met.end(); ++label) counts[*label] = 0;
      met.resize(most);
    }
    std::ranges::sort(met);
  }
  void clear() {
    for (const std::uint32_t label : met) counts[label] = 0;
    met.clear();
  }
};

}  // namespace

SparseMatrix co_labels(const LabelShare& data, std::span<const std::uint32_t> chosen, std::uint32_t most, WorkMonitor& monitor,
                       SharedWork& work) {
  const std::size_t labels = data.own().label_count, all_labels = data.all().label_count;
  const RowOwners owners = data.owners();
  const LabelSamples by_label = samples_by_label(data.own(), chosen, labels);
  std::vector<RowBlock> blocks((labels + kLabelsAtOnce - 1) / kLabelsAtOnce);
  const SharedWork::Part own = work.part(blocks.size());
  tbb::parallel_for(own.first, own.end, [&](std::size_t b) {
    if (monitor.stopped()) return;
    static thread_local CoOccurrence co_occurrence;
    co_occurrence.clear();  // what is left if memory ran out
    co_occurrence.counts.resize(std::max(co_occurrence.counts.size(), all_labels), 0);
    RowBlock& block = blocks[b];
    const std::size_t end = std::min(labels, (b + 1) * kLabelsAtOnce);
    for (std::size_t label = b * kLabelsAtOnce; label < end; ++label) {
      const auto samples = by_label.of(label);
      for (const std::uint32_t place : samples) {
        co_occurrence.count(data.all().labels.row_ids(chosen[place]), owners.row_at(static_cast<std::uint32_t>(label)));
      }
      co_occurrence.keep_largest(most);
      block.lengths.push_back(static_cast<std::uint32_t>(co_occurrence.met.size()));
      for (const std::uint32_t other : co_occurrence.met) {
        block.ids.push_back(other);
        block.values.push_back(static_cast<float>(co_occurrence.counts[other]) / static_cast<float>(samples.size()));
      }
      co_occurrence.clear();
    }
    monitor.advance((end - b * kLabelsAtOnce) * work.ranks() * owners.ranks);
  });
  if (monitor.stopped()) return {};
  work.exchange(blocks, [](RowBlock& block, const auto& use) { RowBlock::for_each_array(block, use); });
  return work.error() ? SparseMatrix() : matrix_of_blocks(blocks);
}

SparseRowView CoLabelRows::of(std::uint32_t label) const noexcept {
  std::size_t row = label;
  if (some_) {
    const auto found = std::ranges::lower_bound(labels_, label);
    if (found == labels_.end() || *found != label) return {};
    row = static_cast<std::size_t>(found - labels_.begin());
  }
  const std::uint64_t begin = rows_.offsets[row], size = rows_.offsets[row + 1] - begin;
  return {{rows_.ids.data() + begin, size}, {rows_.values.data() + begin, size}};
}

/// Into best_ and best_scores_, with the scores of all in scores_.
std::size_t CoLabelFeatures::choose_speakers(const LinearRanker& linear, std::span<const CandidateFeatures> features) {
  scores_.resize(features.size());
  for (std::size_t c = 0; c < features.size(); ++c) scores_[c] = linear.score(features[c]);
  best_.resize(kAsked);
  best_scores_.resize(kAsked);
  return simd::kernels().topk_f32(scores_.data(), scores_.size(), kAsked, best_.data(), best_scores_.data());
}

void CoLabelFeatures::speakers(const LinearRanker& linear, std::span<const std::uint32_t> labels,
                               std::span<const CandidateFeatures> features, std::vector<std::uint32_t>& out) {
  const std::size_t asked = choose_speakers(linear, features);
  for (std::size_t i = 0; i < asked; ++i) out.push_back(labels[best_[i]]);
}

void CoLabelFeatures::fill(const CoLabelRows& co_labels, const LinearRanker& linear, std::span<const std::uint32_t> labels,
                           std::span<CandidateFeatures> features) {
  is_candidate_.clear();
  for (std::size_t c = 0; c < labels.size(); ++c) {
    is_candidate_.insert(labels[c]);
    place_[labels[c]] = static_cast<std::uint32_t>(c);
  }
  const std::size_t asked = choose_speakers(linear, features);
  const float log_sum = simd::kernels().logsumexp_f32(scores_.data(), scores_.size());
  std::ranges::fill(scores_, 0.f);  // from here on what the others say
  for (std::size_t i = 0; i < asked; ++i) {
    const float p = std::exp(best_scores_[i] - log_sum);
    const SparseRowView row = co_labels.of(labels[best_[i]]);
    for (std::size_t j = 0; j < row.ids.size(); ++j) {
      if (is_candidate_.contains(row.ids[j])) scores_[place_[row.ids[j]]] += p * widened(row.values[j]);
    }
  }
  const float log_of_none = std::log(kLeast);
  for (std::size_t c = 0; c < features.size(); ++c) {
    features[c][CandidateFeature::co_labels] = scores_[c];
    features[c][CandidateFeature::log_co_labels] = scores_[c] == 0 ? log_of_none : std::log(scores_[c] + kLeast);
  }
}

}  // namespace glissade
