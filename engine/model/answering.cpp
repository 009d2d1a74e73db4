#include "engine/model/answering.h"

#include "engine/model/shard_files.h"
#include "engine/model/shared_proposals.h"

namespace glissade {

Result<void> answer_request(Model::Impl& impl, const ShardGroup::Request& request, const std::vector<bool>& unknown) {
  ShardGroup& group = *impl.shards;
  switch (request.kind) {
    case ShardGroup::Kind::propose:
      return group.help_propose(request, [&](const ShardGroup::Asked& asked, ProposedCandidates& out) {
        return propose_among(impl, asked, unknown, out);
      });
    case ShardGroup::Kind::save: {
      const auto path = group.path_of(request);
      return path ? save_shards(impl, *path, request.b != 0) : Result<void>(path.error());
    }
    default: return group.help(request);
  }
}

Result<Model::Told> Model::answer() {
  for (;;) {
    const auto request = impl_->shards->next();
    if (!request) return request.error();
    if (request->kind == ShardGroup::Kind::told) return Told{request->a, request->b};
    if (auto answered = answer_request(*impl_, *request); !answered) return answered.error();
  }
}

}  // namespace glissade
