#include "apps/training/outsized.h"

#include <string>

#include <fmt/format.h>

#include <glissade/outsized_features.h>

#include "apps/console/output.h"
#include "datasets/message.h"

namespace glissade::apps {

void warn_of_outsized(const Model& model, const DatasetView& rows, const RowPager* pager) {
  const auto found = find_outsized_features(rows, pager);
  if (found.empty()) return;
  const OutsizedFeature& first = found.front();
  const auto& names = model.feature_names();
  const std::string name = names.empty() ? "" : fmt::format(" ({})", datasets::quoted(names[first.feature]));
  const std::string others = found.size() == 1 ? "" : fmt::format(", and {} more are like it", found.size() - 1);
  note(
      fmt::format("warning: values of feature {}{} reach {:.3g}, those of the median feature {:.3g}{}; scale such columns down, "
                  "or they drown "
                  "the others and overflow",
                  first.feature, name, first.largest, first.typical, others));
}

}  // namespace glissade::apps
