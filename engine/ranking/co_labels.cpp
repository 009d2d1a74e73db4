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

SparseMatrix co_labels(const DatasetView& data, std::span<const std::uint32_t> chosen, std::uint32_t most, WorkMonitor& monitor,
                       SharedWork& work) {
  const std::size_t labels = data.label_count;
  const LabelSamples by_label = samples_by_label(data, chosen, labels);
  std::vector<RowBlock> blocks((labels + kLabelsAtOnce - 1) / kLabelsAtOnce);
  const SharedWork::Part own = work.part(blocks.size());
  tbb::parallel_for(own.first, own.end, [&](std::size_t b) {
    if (monitor.stopped()) return;
    static thread_local CoOccurrence co_occurrence;
    co_occurrence.clear();  // what is left if memory ran out
    co_occurrence.counts.resize(std::max(co_occurrence.counts.size(), labels), 0);
    RowBlock& block = blocks[b];
    const std::size_t end = std::min(labels, (b + 1) * kLabelsAtOnce);
    for (std::size_t label = b * kLabelsAtOnce; label < end; ++label) {
      const auto samples = by_label.of(label);
      for (const std::uint32_t place : samples) {
        co_occurrence.count(data.labels.row_ids(chosen[place]), static_cast<std::uint32_t>(label));
      }
      co_occurrence.keep_largest(most);
      block.lengths.push_back(static_cast<std::uint32_t>(co_occurrence.met.size()));
      for (const std::uint32_t other : co_occurrence.met) {
        block.ids.push_back(other);
        block.values.push_back(static_cast<float>(co_occurrence.counts[other]) / static_cast<float>(samples.size()));
      }
      co_occurrence.clear();
    }
    monitor.advance((end - b * kLabelsAtOnce) * work.ranks());
  });
  if (monitor.stopped()) return {};
  work.exchange(blocks, [](RowBlock& block, const auto& use) { RowBlock::for_each_array(block, use); });
  return work.error() ? SparseMatrix() : matrix_of_blocks(blocks);
}

void CoLabelFeatures::fill(const SparseMatrix& co_labels, const LinearRanker& linear, std::span<const std::uint32_t> labels,
                           std::span<CandidateFeatures> features) {
  const simd::Kernels& kernels = simd::kernels();
  is_candidate_.clear();
  scores_.resize(labels.size());
  for (std::size_t c = 0; c < labels.size(); ++c) {
    is_candidate_.insert(labels[c]);
    place_[labels[c]] = static_cast<std::uint32_t>(c);
    scores_[c] = linear.score(features[c]);
  }
  best_.resize(kAsked);
  best_scores_.resize(kAsked);
  const std::size_t asked = kernels.topk_f32(scores_.data(), scores_.size(), kAsked, best_.data(), best_scores_.data());
  const float log_sum = kernels.logsumexp_f32(scores_.data(), scores_.size());
  std::ranges::fill(scores_, 0.f);  // from here on what the others say
  for (std::size_t i = 0; i < asked; ++i) {
    const float p = std::exp(best_scores_[i] - log_sum);
    const std::uint32_t label = labels[best_[i]];
    for (std::uint64_t j = co_labels.offsets[label]; j < co_labels.offsets[label + 1]; ++j) {
      if (is_candidate_.contains(co_labels.ids[j])) scores_[place_[co_labels.ids[j]]] += p * widened(co_labels.values[j]);
    }
  }
  const float log_of_none = std::log(kLeast);
  for (std::size_t c = 0; c < features.size(); ++c) {
    features[c][CandidateFeature::co_labels] = scores_[c];
    features[c][CandidateFeature::log_co_labels] = scores_[c] == 0 ? log_of_none : std::log(scores_[c] + kLeast);
  }
}

}  // namespace glissade
