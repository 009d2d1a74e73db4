#include "engine/sparse_rows/row_candidates.h"

#include <oneapi/tbb/enumerable_thread_specific.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>

#include "engine/candidates/found_products.h"
#include "engine/candidates/spread_sample.h"
#include "simd/kernels.h"

namespace glissade {
namespace {

constexpr std::size_t kScoredRows = 200;  ///< rows that the inverted index proposes, then scored exactly
constexpr std::size_t kBlock = 32;

struct CandidateSearch {
  FeatureIndex::Scratch scratch;
  SpreadSample sample;
  FoundProducts products;
  std::vector<float> best_scores = std::vector<float>(RowCandidates::kEach);
  std::vector<std::uint32_t> best = std::vector<std::uint32_t>(RowCandidates::kEach);
};

}  // namespace

RowCandidates find_row_candidates(const DatasetView& data, std::span<const std::uint32_t> samples, const FeatureWeights& weights,
                                  const SparseMatrix& rows, const FeatureIndex& index, std::size_t budget, WorkMonitor& monitor,
                                  SharedWork& work, const RowOwners& owners) {
  const simd::Kernels& kernels = simd::kernels();
  RowCandidates out;
  out.each = owners.share(RowCandidates::kEach);
  out.labels.assign(samples.size() * out.each, RowCandidates::kNone);
  const std::size_t own_budget = owners.share(budget), scored = owners.share(kScoredRows);
  tbb::enumerable_thread_specific<CandidateSearch> workers;
  const SharedWork::Part own = work.part((samples.size() + kBlock - 1) / kBlock);
  tbb::parallel_for(own.first, own.end, [&](std::size_t block) {
    if (monitor.stopped()) return;
    CandidateSearch& worker = workers.local();
    const std::size_t end = std::min(samples.size(), (block + 1) * kBlock);
    for (std::size_t place = block * kBlock; place < end; ++place) {
      worker.sample.put(weights, data.features.row_ids(samples[place]), data.features.row_values(samples[place]));
      index.find(worker.sample.ids(), worker.sample.values(), own_budget, scored, worker.scratch);
      const auto& found = worker.scratch.found();
      const std::span<const float> scores = worker.products.of(worker.scratch, worker.sample, rows);
      const std::size_t count =
          kernels.topk_f32(scores.data(), found.size(), out.each, worker.best.data(), worker.best_scores.data());
      for (std::size_t i = 0; i < count; ++i) out.labels[place * out.each + i] = found[worker.best[i]];
    }
    monitor.advance((end - block * kBlock) * work.ranks());
  });
  work.exchange(std::span(out.labels), kBlock * out.each);
  return out;
}

}  // namespace glissade
