#include "apps/pruning/size_table.h"

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "system/message.h"

namespace glissade::apps {

std::string mix_text(const PruneMix& mix) {
  std::string text;
  for (const double step : mix.steps) text += fmt::format("{}{:.4g}", text.empty() ? "" : ",", step);
  return text;
}

std::string size_table(const std::vector<SizedModel>& models, const Pruner& pruner) {
  constexpr std::size_t kLast = kCutoffs.size() - 1;
  std::string text = fmt::format("{:<10}{:>11}{:>8}{:>10}{:>8}{:>8}{:>8}{:>8}{:>8}  {}\n", "size", "bytes", "%", "weights %",
                                 "P@1", "P@3", "P@5", "nDCG@5", "ms/row", "steps");
  for (const SizedModel& model : models) {
    const auto share = [](std::uint64_t part, std::uint64_t all) {
      return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
    };
    const Metrics& metrics = model.evaluation.metrics;
    const double rows = static_cast<double>(metrics.samples);
    text +=
        fmt::format("{:<10}{:>11}{:>8}{:>10}{:>8}{:>8}{:>8}{:>8}{:>8.3f}  {}\n", model.size,
                    system::bytes_text(model.taken.bytes), percent(share(model.taken.bytes, pruner.whole_bytes())),
                    percent(share(model.taken.weights, pruner.weights())), percent(metrics.precision[0]),
                    percent(metrics.precision[1]), percent(metrics.precision[kLast]), percent(metrics.ndcg[kLast]),
                    rows > 0 ? 1e3 * model.evaluation.seconds / rows : 0.0, model.mix == PruneMix() ? "-" : mix_text(model.mix));
  }
  return text;
}

}  // namespace glissade::apps
