#pragma once

#include <cstdint>

#include <glissade/pipeline.h>
#include <glissade/result.h>

#include "datasets/dataset.h"
#include "datasets/record_labels.h"
#include "datasets/row_spill.h"

namespace glissade::datasets {

/// Rows of records of which some lie in a spill, as a mapped file of the cache in the spill's folder, named after the rows.
/// Passes through them block by block, and holds a few blocks. `source`: path of what was read, for people.
Result<Dataset> stored_dataset(const StoredRows& features, std::uint32_t feature_count, const LabelRows& labels,
                               std::uint32_t label_count, const RowSpill& spill, const std::string& source);

}  // namespace glissade::datasets
