#include <glissade/refit.h>

#include <algorithm>
#include <new>

#include "engine/batches/batch.h"
#include "engine/batches/checked_vectors.h"
#include "engine/model/access.h"
#include "engine/training/ranker_fit.h"

namespace glissade {
namespace {

Result<void> check_refit(const Model& model, const DatasetView& rows) {
  const Model::Impl& impl = impl_of(model);
  if (auto whole = impl.check_whole("a new fit of the ranker"); !whole) return whole;
  if (!has_ranker(model))
    return usage_error("the model has no paths beside the hidden one, so there is no ranker to fit; leave the fit out");
  if (auto sound = check_view(rows, impl.shape.features, std::max(impl.shape.labels, rows.label_count)); !sound) return sound;
  if (auto sound = check_vectors(rows.vectors, rows.size(), impl.shape.vector_width); !sound) return sound;
  if (auto sound = check_weights(rows.weights, rows.size()); !sound) return sound;
  const auto has_label = [&](std::size_t row) { return !rows.labels.row_ids(row).empty(); };
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (has_label(row)) return {};
  }
  return runtime_error("there is no labelled row to fit the ranker on; give some");
}

}  // namespace

bool has_ranker(const Model& model) noexcept { return !impl_of(model).paths.empty(); }

Result<void> refit_ranker(Model& model, const DatasetView& rows, const Model& start) {
  Model::Impl& impl = impl_of(model);
  if (auto sound = check_refit(model, rows); !sound) return sound;
  try {
    if (auto error = refit_rankers(impl, rows, impl_of(start).paths.ranker)) return *error;
  } catch (const std::bad_alloc&) {
    return runtime_error("out of memory while the ranker is fitted; give fewer rows");
  }
  return {};
}

}  // namespace glissade
