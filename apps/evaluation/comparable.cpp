#include "apps/evaluation/comparable.h"

#include <algorithm>

#include <fmt/format.h>

#include <glissade/pipeline.h>

#include "apps/console/numbers.h"
#include "datasets/message.h"

namespace glissade::apps {

Result<void> check_comparable(const Model& model, const std::string& path, const Model& other, const std::string& other_path) {
  const auto differ = [&](std::string_view has, std::string_view against) {
    return runtime_error(fmt::format("{} has {}, {} {}; compare models of the same data", datasets::quoted(path), has,
                                     datasets::quoted(other_path), against));
  };
  const Shape one = model.shape(), two = other.shape();
  // Records are read for each model by its own pipeline.
  const bool records = Pipeline::is_pipeline(model.data_notes()) && Pipeline::is_pipeline(other.data_notes());
  if ((one.features != two.features && !records) || one.labels != two.labels) {
    return differ(fmt::format("{} features and {} labels", grouped(one.features), grouped(one.labels)),
                  fmt::format("{} and {}", grouped(two.features), grouped(two.labels)));
  }
  const auto& names = model.label_names();
  const auto& others = other.label_names();
  if (names.empty() || others.empty()) return {};
  const auto [at, there] = std::ranges::mismatch(names, others);
  if (at == names.end()) return {};
  return differ(fmt::format("the name '{}' for label {}", datasets::shown(*at), at - names.begin()),
                fmt::format("'{}'", datasets::shown(*there)));
}

Result<void> check_same_labels(const DatasetView& rows, const std::string& path, const DatasetView& others,
                               const std::string& other_path, const std::string& test) {
  bool same = rows.size() == others.size();
  for (std::size_t row = 0; same && row < rows.size(); ++row)
    same = std::ranges::equal(rows.labels.row_ids(row), others.labels.row_ids(row));
  if (same) return {};
  return runtime_error(fmt::format("{} and {} read {} into rows of different labels; compare models that read data alike",
                                   datasets::quoted(path), datasets::quoted(other_path), datasets::quoted(test)));
}

}  // namespace glissade::apps
