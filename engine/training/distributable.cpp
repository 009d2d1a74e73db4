#include <fmt/format.h>

#include <glissade/trainer.h>

#include "engine/samplers/sampler.h"

namespace glissade {
namespace {

Error cannot(const char* option, const char* what, const char* remedy) {
  return usage_error(
      fmt::format("option '{}': {} cannot be shared out by labels; {}, or use --distribute data", option, what, remedy));
}

}  // namespace

Result<void> check_labels_distributable(const Config& config) {
  const Config::ActiveSet& set = config.active_set;
  if (set.sampler.has(SamplerKind::lsh_label))
    return cannot("sampler", "lsh-label, which looks for rows near others,", "use lsh");
  if (!set.fused) return cannot("fused", "products by oneDNN", "leave it on");
  if (config.training.pieces() > 1) return cannot("batch", "steps of several pieces", "give reference-batch 0");
  if (config.training.parts > 1) return cannot("parts", "steps of several parts", "leave it at 1");
  if (config.training.accumulate > 1) return cannot("accumulate", "steps of several batches", "leave it at 1");
  if (config.optimizer.clip_norm > 0) return cannot("clip-norm", "the length of a gradient", "leave it at 0");
  if (config.training.batches == BatchKind::similar) return cannot("batches", "similar samples", "use shuffled");
  return {};
}

}  // namespace glissade
