#include "engine/model/answering.h"

#include "engine/model/shard_files.h"
#include "engine/model/shared_co_labels.h"
#include "engine/model/shared_proposals.h"

namespace glissade {

Result<Model::Told> answer(Model::Impl& impl, const std::vector<bool>& unknown) {
  ShardGroup& group = *impl.shards;
  const auto propose = [&](const SparseRows& features, std::span<const std::uint32_t> best, ProposedCandidates& out) {
    return propose_among(impl, features, best, unknown, out);
  };
  for (;;) {
    const auto request = group.next();
    if (!request) return request.error();
    if (request->kind == ShardGroup::Kind::told) return Model::Told{request->a, request->b};
    if (request->kind == ShardGroup::Kind::propose) {
      if (auto helped = group.help_propose(*request, propose); !helped) return helped.error();
    } else if (request->kind == ShardGroup::Kind::co_labels) {
      if (auto helped = help_with_co_labels(impl, *request); !helped) return helped.error();
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
