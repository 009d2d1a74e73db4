#include "engine/model/proposals.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <memory>

#include "engine/model/shard_files.h"

namespace glissade {

void propose_candidates(Model::Impl& impl, const SparseRows& features, std::span<const std::uint32_t> best,
                        const std::vector<bool>& unknown, ProposedCandidates& out) {
  using Range = tbb::blocked_range<std::size_t>;
  constexpr std::size_t kAtOnce = 16;
  const Activations none;
  const std::size_t k = features.rows() == 0 ? 0 : best.size() / features.rows();
  std::vector<ProposedCandidates> blocks((features.rows() + kAtOnce - 1) / kAtOnce);
  tbb::parallel_for(Range(0, blocks.size(), 1), [&](const Range& range) {
    std::unique_ptr<CandidateSearch> search = impl.take_search();
    for (std::size_t block = range.begin(); block != range.end(); ++block) {
      const std::size_t end = std::min(features.rows(), (block + 1) * kAtOnce);
      for (std::size_t row = block * kAtOnce; row < end; ++row) {
        const auto listed = best.subspan(row * k, k);
        const auto labels =
            listed.first(static_cast<std::size_t>(std::ranges::find(listed, Predictions::kNoLabel) - listed.begin()));
        search->propose({features.row_ids(row), features.row_values(row), none, row, labels, 0.f}, unknown);
        blocks[block].add(search->labels(), search->features());
      }
    }
    impl.give_back(std::move(search));
  });
  for (const ProposedCandidates& block : blocks) {
    for (std::size_t i = 0; i < block.samples(); ++i) out.add(block.labels_of(i), block.features_of(i));
  }
}

Result<Model::Told> answer(Model::Impl& impl, const std::vector<bool>& unknown) {
  ShardGroup& group = *impl.shards;
  const auto propose = [&](const SparseRows& features, std::span<const std::uint32_t> best, ProposedCandidates& out) {
    propose_candidates(impl, features, best, unknown, out);
  };
  for (;;) {
    const auto request = group.next();
    if (!request) return request.error();
    if (request->kind == ShardGroup::Kind::told) return Model::Told{request->a, request->b};
    if (request->kind == ShardGroup::Kind::propose) {
      if (auto helped = group.help_propose(*request, propose); !helped) return helped.error();
    } else if (request->kind != ShardGroup::Kind::save) {
      if (auto helped = group.help(*request); !helped) return helped.error();
    } else {
      const auto path = group.path_of(*request);
      if (!path) return path.error();
      if (auto saved = save_shards(impl, *path, request->b != 0); !saved) return saved.error();
    }
  }
}

Result<Model::Told> Model::answer() { return glissade::answer(*impl_); }

}  // namespace glissade
