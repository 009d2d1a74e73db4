#include "apps/answers/answering_ranks.h"

#include "apps/console/launched.h"

namespace glissade::apps {

Result<AnsweringRanks> AnsweringRanks::join() {
  auto ranks = join_launched();
  if (!ranks) return ranks.error();
  return AnsweringRanks(std::move(*ranks));
}

Result<int> AnsweringRanks::follow(Model& model) {
  const auto told = model.answer();
  if (!told) return told.error();
  ranks_.finish();
  return static_cast<int>(told->value);
}

AnsweringRanks::Lead::~Lead() {
  if (!model_.is_shard()) return;
  if (model_.tell({})) ranks_.ranks_.finish();
}

}  // namespace glissade::apps
