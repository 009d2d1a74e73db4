#pragma once

#include "engine/samplers/label_index.h"
#include "engine/search/search.h"

namespace glissade {

/// Scores the rows in the samples' buckets (of all tables). In parallel over samples.
void search_lsh(const ParameterRows& rows, const LabelIndex& index, const Activations& hidden, const SearchTarget& target);

}  // namespace glissade
