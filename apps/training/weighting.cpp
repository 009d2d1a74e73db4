#include "apps/training/weighting.h"

#include <fmt/format.h>

#include "apps/console/numbers.h"
#include "apps/console/output.h"
#include "apps/input/data_page.h"
#include "datasets/message.h"

namespace glissade::apps {
namespace {

/// Whether features have factors, which bring outsized ones down and leave out those that are labels.
bool has_factors(const Model& model) {
  using enum FeatureWeighting;
  const FeatureWeighting weighting = model.config().network.weighting;
  return weighting == scaled || weighting == tf_idf || weighting == bm25;
}

}  // namespace

void warn_of_outsized(const Model& model, const DataProfile& data) {
  if (has_factors(model) || data.outsized.empty()) return;
  const OutsizedFeature& first = data.outsized.front();
  const auto& names = model.feature_names();
  const std::string name = names.empty() ? "" : fmt::format(" ({})", datasets::quoted(names[first.feature]));
  const std::string others = data.outsized.size() == 1 ? "" : fmt::format(", and {} more are like it", data.outsized.size() - 1);
  note(
      fmt::format("warning: values of feature {}{} reach {:.3g}, those of the median feature {:.3g}{}; scale such columns down, "
                  "or they drown the others and overflow",
                  first.feature, name, first.largest, first.typical, others));
}

void note_label_features(const Model& model, const DataProfile& data) {
  if (data.label_features == 0) return;
  const bool ignored = has_factors(model);
  note(fmt::format("{}{} features are labels of their rows: each stands in exactly the rows of one label; {}",
                   ignored ? "" : "warning: ", grouped(data.label_features),
                   ignored ? "they count for nothing, in training and prediction (--weighting given: they count)"
                           : "new rows must have them, too, or nothing was learned for these; --weighting scaled ignores them"));
}

void note_shared_rows(const TrainingData& data, const TrainingFiles& files) {
  const auto look = [&](const std::string& path, const DatasetView& rows, const RowPager* pager) {
    const std::string line = shared_line(path, rows.size(), shared_rows(data.train, rows, data.train_pager, pager));
    if (!line.empty()) note(line);
  };
  if (data.validation && files.holdout == 0) look(data.validation_path, *data.validation, data.validation_pager);
  if (data.test) look(files.test, *data.test, nullptr);
}

}  // namespace glissade::apps
