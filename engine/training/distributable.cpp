#include <fmt/format.h>

#include <glissade/trainer.h>

namespace glissade {
namespace {

Error cannot(const char* option, const char* what, const char* remedy) {
  return usage_error(
      fmt::format("option '{}': {} cannot be shared out by labels; {}, or use --distribute data", option, what, remedy));
}

}  // namespace

Result<void> check_labels_distributable(const Config& config) {
  if (!config.active_set.fused) return cannot("fused", "products by oneDNN", "leave it on");
  if (config.connections.density < 1 && config.connections.block > 1)
    return cannot("topology-block", "label rows that share connections", "use 1");
  if (config.training.batches == BatchKind::similar) return cannot("batches", "similar samples", "use shuffled");
  return {};
}

}  // namespace glissade
