#include "apps/training/row_source.h"

#include <utility>

#include "apps/input/data_notes.h"

namespace glissade::apps {

Result<datasets::Dataset> IdRows::read_train(const std::string& path, bool quiet, datasets::ReadReport& report) {
  const auto resolved = options_.resolve(known_);
  if (!resolved) return resolved.error();
  format_ = resolved->format;
  auto data = options_.read(path, quiet ? "" : "training data", known_, &report);
  // The other files count as this one does.
  if (data) known_ = {report.facts.id_base, path, false};
  return data;
}

Result<datasets::Dataset> IdRows::read_other(const std::string& path, const std::string& what, const Shape& shape,
                                             datasets::ReadReport& report) {
  auto data = options_.read(path, what, known_, &report);
  if (!data) return data;
  if (auto ok = check_scorable(data->view(), path); !ok) return ok.error();
  return options_.fit(std::move(*data), path, shape.features, shape.labels);
}

std::string IdRows::notes() const { return data_notes(format_, known_.base); }

}  // namespace glissade::apps
