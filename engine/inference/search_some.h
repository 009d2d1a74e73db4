#pragma once

#include "engine/model/impl.h"
#include "engine/search/search.h"

namespace glissade {

/// The search that predict() does: `options.search`, or what it stands for in this model.
Search search_for(const Model::Impl& impl, const PredictOptions& options) noexcept;

/// Searches by tables or by codes, which the model has. In parallel over samples.
void search_some(Model::Impl& impl, Search by, const Activations& hidden, const SearchTarget& target);

}  // namespace glissade
