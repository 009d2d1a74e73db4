#pragma once

#include <glissade/views.h>

#include "engine/relations/own_labels.h"

namespace glissade {

/// Whether features and labels are the same things, `own` saying which, as far as the first rows tell: no values, and no label
/// that is among its sample's own features although chance alone would have put some there.
bool are_same_things(const DatasetView& data, const OwnLabels& own);

/// The same of equal ids, where there are as many features as labels.
bool looks_like_items(const DatasetView& data);

}  // namespace glissade
